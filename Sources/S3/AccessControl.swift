/// Who may do what with an object, as data.
public struct AccessControl: Sendable, Equatable {
    public var owner: Owner?
    public var grants: [Grant]

    public init(owner: Owner? = nil, grants: [Grant] = []) {
        self.owner = owner
        self.grants = grants
    }

    public struct Owner: Sendable, Equatable {
        public var id: String
        public var displayName: String?
        public init(id: String, displayName: String? = nil) {
            self.id = id
            self.displayName = displayName
        }
    }

    public struct Grant: Sendable, Equatable {
        public var grantee: Grantee
        public var permission: Permission
        public init(_ grantee: Grantee, _ permission: Permission) {
            self.grantee = grantee
            self.permission = permission
        }
    }

    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Grantee.html>
    public enum Grantee: Sendable, Equatable {
        case user(id: String, displayName: String?)
        case email(String)
        /// "http://acs.amazonaws.com/groups/global/AllUsers"
        case group(uri: String)
    }

    public enum Permission: String, Sendable {
        case fullControl = "FULL_CONTROL"
        case read = "READ"
        case write = "WRITE"
        case readACP = "READ_ACP"
        case writeACP = "WRITE_ACP"
    }

    /// Everyone, signed in or not.
    public static let allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"
    /// Everyone with an account at the store.
    public static let authenticatedUsers =
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    /// The canned ACL that says the same: "private", "public-read", "public-read-write" or "authenticated-read"; nil when
    /// none does. It carries over to stores where the owner's identity is another.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
    public var canned: String? {
        var everyone: Set<Permission> = []
        var accounts: Set<Permission> = []
        for grant in grants {
            switch grant.grantee {
            case .group(Self.allUsers): everyone.insert(grant.permission)
            case .group(Self.authenticatedUsers): accounts.insert(grant.permission)
            case .user(let id, _) where id == owner?.id && grant.permission == .fullControl: break
            default: return nil
            }
        }
        switch (everyone, accounts) {
        case ([], []): return "private"
        case ([.read], []): return "public-read"
        case ([.read, .write], []): return "public-read-write"
        case ([], [.read]): return "authenticated-read"
        default: return nil
        }
    }
}

/// A bucket's object lock, and what it puts on new objects.
public struct ObjectLockConfiguration: Sendable, Equatable {
    public var isEnabled: Bool
    public var defaultMode: ObjectLock.Mode?
    /// One of days and years, when there is a default.
    public var defaultDays: Int?
    public var defaultYears: Int?

    public init(
        isEnabled: Bool, defaultMode: ObjectLock.Mode? = nil, defaultDays: Int? = nil,
        defaultYears: Int? = nil
    ) {
        self.isEnabled = isEnabled
        self.defaultMode = defaultMode
        self.defaultDays = defaultDays
        self.defaultYears = defaultYears
    }
}
