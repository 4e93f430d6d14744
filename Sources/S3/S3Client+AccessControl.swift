import Transport
import XML

extension S3Client {
    /// The object's owner and grants.
    public func accessControl(_ object: ObjectAddress) async throws(S3Error) -> AccessControl {
        var request = S3Request("GetObjectAcl", .other, .get, object)
        request.ask("acl")
        request.attemptsMaximum = 3
        do throws(S3Error) {
            let root = try document(
                try await perform(request), request, "AccessControlPolicy")
            return AccessControl(root)
        } catch {
            noteACLRefusal(error)
            throw error
        }
    }

    /// Replaces the grants. The owner must be the object's own, as ``accessControl(_:)`` gave it.
    public func setAccessControl(
        _ object: ObjectAddress, _ control: AccessControl
    ) async throws(S3Error) {
        var request = S3Request("PutObjectAcl", .other, .put, object)
        request.ask("acl")
        request.attemptsMaximum = 3
        request.send(xml: control.document)
        try await performACL(request)
    }

    /// - Parameter name: "private", "public-read" and the like.
    public func setCannedACL(_ object: ObjectAddress, _ name: String) async throws(S3Error) {
        var request = S3Request("PutObjectAcl", .other, .put, object)
        request.ask("acl")
        request.attemptsMaximum = 3
        request.add("x-amz-acl", name)
        try await performACL(request)
    }

    private func performACL(_ request: S3Request) async throws(S3Error) {
        // A store that ignores what it does not know would overwrite the object.
        guard dialect.acl != .no else {
            throw S3Error(
                kind: .notSupported, operation: request.operation, connection: connection.name,
                bucket: request.bucket, key: request.key, message: "the store has no object ACLs")
        }
        do throws(S3Error) {
            _ = try await perform(request)
        } catch {
            noteACLRefusal(error)
            throw error
        }
    }

    private func noteACLRefusal(_ error: S3Error) {
        if error.kind == .notSupported || error.kind == .malformedAnswer { learn { $0.acl = .no } }
    }
}

extension AccessControl {
    init(_ root: XMLNode) {
        owner = root["Owner"].flatMap { node in
            node.value("ID").map { Owner(id: $0, displayName: node.value("DisplayName")) }
        }
        grants =
            root["AccessControlList"]?.all("Grant").compactMap { grant in
                guard let node = grant["Grantee"],
                    let permission = grant.value("Permission").flatMap(Permission.init(rawValue:))
                else { return nil }
                if let uri = node.value("URI") { return Grant(.group(uri: uri), permission) }
                if let id = node.value("ID") {
                    return Grant(
                        .user(id: id, displayName: node.value("DisplayName")), permission)
                }
                return node.value("EmailAddress").map { Grant(.email($0), permission) }
            } ?? []
    }

    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>
    var document: [UInt8] {
        var writer = XMLWriter()
        writer.open("AccessControlPolicy", xmlns: XMLWriter.s3Namespace)
        if let owner {
            writer.open("Owner")
            writer.element("ID", owner.id)
            if let name = owner.displayName { writer.element("DisplayName", name) }
            writer.close("Owner")
        }
        writer.open("AccessControlList")
        for grant in grants {
            writer.open("Grant")
            grant.grantee.write(to: &writer)
            writer.element("Permission", grant.permission.rawValue)
            writer.close("Grant")
        }
        writer.close("AccessControlList")
        writer.close("AccessControlPolicy")
        return writer.bytes
    }
}

extension AccessControl.Grantee {
    fileprivate func write(to writer: inout XMLWriter) {
        let type =
            switch self {
            case .user: "CanonicalUser"
            case .email: "AmazonCustomerByEmail"
            case .group: "Group"
            }
        writer.open(
            "Grantee",
            attributes: [
                (name: "xmlns:xsi", value: "http://www.w3.org/2001/XMLSchema-instance"),
                (name: "xsi:type", value: type),
            ])
        switch self {
        case .user(let id, let name):
            writer.element("ID", id)
            if let name { writer.element("DisplayName", name) }
        case .email(let address): writer.element("EmailAddress", address)
        case .group(let uri): writer.element("URI", uri)
        }
        writer.close("Grantee")
    }
}
