/// What a listing says of one object.
public struct ListedObject: Sendable, Equatable, Codable {
    public var key: ObjectKey
    public var size: Int64
    public var eTag: ETag
    /// Unix milliseconds.
    public var lastModified: Int64
    public var storageClass: String?

    public init(
        key: ObjectKey, size: Int64, eTag: ETag, lastModified: Int64, storageClass: String? = nil
    ) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }
}

public struct ObjectPage: Sendable {
    public var objects: [ListedObject]
    public var commonPrefixes: [ObjectKey]
    /// nil on the last page. For V1 dialects the client hides that it is a marker.
    public var nextToken: String?

    public init(
        objects: [ListedObject] = [], commonPrefixes: [ObjectKey] = [], nextToken: String? = nil
    ) {
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        self.nextToken = nextToken
    }
}

/// One version of an object, or a delete marker.
public struct ListedVersion: Sendable, Equatable {
    /// Of a delete marker: size 0 and an empty ETag.
    public var object: ListedObject
    /// "null" for one written while versioning was off.
    public var versionID: String
    public var isLatest: Bool
    public var isDeleteMarker: Bool

    public init(object: ListedObject, versionID: String, isLatest: Bool, isDeleteMarker: Bool) {
        self.object = object
        self.versionID = versionID
        self.isLatest = isLatest
        self.isDeleteMarker = isDeleteMarker
    }
}

public struct VersionPage: Sendable {
    /// By key, and within a key the newest first.
    public var versions: [ListedVersion]
    public var commonPrefixes: [ObjectKey]
    /// Both nil on the last page.
    public var nextKeyMarker: ObjectKey?
    public var nextVersionIDMarker: String?

    public init(
        versions: [ListedVersion] = [], commonPrefixes: [ObjectKey] = [],
        nextKeyMarker: ObjectKey? = nil, nextVersionIDMarker: String? = nil
    ) {
        self.versions = versions
        self.commonPrefixes = commonPrefixes
        self.nextKeyMarker = nextKeyMarker
        self.nextVersionIDMarker = nextVersionIDMarker
    }
}
