import Signing
import Transport

extension S3Connection {
    /// The AWS chain: endpoint, region and credentials from `AWS_*` variables and the shared configuration files.
    ///
    /// Reads the shared files; asks no one for credentials before the first request needs them.
    ///
    /// - Parameter profile: instead of `AWS_PROFILE`; then keys in the environment do not count.
    /// - Throws: ``ConnectionError`` when what is configured cannot be used, or there are no credentials at all.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>
    public static func awsDefault(
        environment: [String: String], transport: HTTPTransport, profile: String? = nil
    ) throws(ConnectionError) -> S3Connection {
        let settings: AWSSettings
        let credentials: any CredentialsProvider
        do throws(CredentialsError) {
            settings = try AWSSettings(environment: environment, profile: profile)
            credentials = try settings.credentials(transport: transport)
        } catch {
            throw ConnectionError(
                origin: error.origin, problem: error.problem, advice: error.advice)
        }
        let region = settings.region
        guard AWSSettings.isRegion(region.value) else {
            throw ConnectionError(
                origin: region.origin, problem: "a region has letters, digits and dashes only")
        }
        let given = settings.endpointURL(service: "s3")
        let endpoint: Endpoint
        if let given {
            endpoint = try Endpoint.parse(setting: given)
        } else {
            let domain = AWSSettings.domain(region: region.value)
            endpoint = Endpoint(scheme: "https", authority: "s3.\(region.value).\(domain)")
        }
        return S3Connection(
            name: "aws", scheme: endpoint.scheme, authority: endpoint.authority,
            region: region.value, style: try style(settings, at: endpoint, isGiven: given != nil),
            credentials: credentials,
            origin: "the AWS settings (endpoint: \(given?.origin ?? "AWS's own"); "
                + "region: \(region.origin); credentials: \(credentials.origin))")
    }

    /// Buckets are hosts at AWS and folders elsewhere, unless the profile says otherwise.
    private static func style(
        _ settings: AWSSettings, at endpoint: Endpoint, isGiven: Bool
    ) throws(ConnectionError) -> Style {
        guard let wish = settings.addressingStyle, wish.value != "auto" else {
            return isGiven ? .path : .virtual
        }
        guard let style = Style(rawValue: wish.value) else {
            throw ConnectionError(
                origin: wish.origin, problem: "addressing_style must be path, virtual or auto")
        }
        guard style == .path || !Endpoint.isAddress(Endpoint.host(of: endpoint.authority)) else {
            throw ConnectionError(
                origin: wish.origin,
                problem:
                    "addressing_style = virtual needs a host name: an address has no subdomains"
            )
        }
        return style
    }
}

extension Endpoint {
    /// `AWS_ENDPOINT_URL` and its like: host and port alone.
    fileprivate static func parse(
        setting: AWSSettings.Setting
    ) throws(ConnectionError) -> Endpoint {
        switch parse(url: setting.value) {
        case .failure(let problem):
            throw ConnectionError(origin: setting.origin, problem: problem.words)
        case .success(let endpoint):
            let rest = setting.value.firstRange(of: "://").map { setting.value[$0.upperBound...] }
            let path = rest?.drop { $0 != "/" && $0 != "?" && $0 != "#" } ?? ""
            guard path.isEmpty || path == "/" else {
                throw ConnectionError(origin: setting.origin, problem: "an endpoint has no path")
            }
            return endpoint
        }
    }
}
