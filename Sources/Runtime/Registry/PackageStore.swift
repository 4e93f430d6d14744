import Glibc
import Signing
import Transport

/// Deployment packages, by the SHA-256 of their zip: unpacked once, never changed, removed when nothing needs them.
///
/// A package is held by whoever is about to name it in a record, and by every environment that runs from it. One that
/// nobody holds and no record names is removed. Any task; what reads and writes files blocks its thread.
public final class PackageStore: Sendable {
    public struct Package: Sendable, Hashable, Codable {
        /// Base64 of the zip's SHA-256.
        public var sha256: String
        /// Of the zip, in bytes.
        public var size: Int64
        public var directory: String
    }

    private struct State {
        var holds: [String: Int] = [:]
        /// Whether a record names the package. Until there is somebody to ask, everything is needed.
        var isNeeded: @Sendable (_ name: String) -> Bool = { _ in true }
        var removals: [Int: Task<Void, Never>] = [:]
        var nextRemoval = 0
    }

    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    public static let zippedMaximum = 52_428_800
    static let unzippedMaximum = 262_144_000

    public let folder: String
    private let lingering: Duration
    private let state = Locked(State())

    /// - Parameter lingering: how long a package stays that nothing needs: who has looked a version up just before it was
    ///   replaced is still to begin with it.
    public init(folder: String, lingering: Duration = .seconds(2)) {
        self.folder = folder
        self.lingering = lingering
    }

    // MARK: Who needs it

    /// Sets who is asked whether a record names a package. Called with a lock held: it must not call back.
    func neededWhere(_ isNeeded: @escaping @Sendable (_ name: String) -> Bool) {
        state.withLock { $0.isNeeded = isNeeded }
    }

    /// The folder's name, by which a package is known wherever the state folder is.
    static func name(of directory: String) -> String {
        directory.lastIndex(of: "/").map { String(directory[directory.index(after: $0)...]) }
            ?? directory
    }

    /// Keeps a package until it is released as often.
    public func hold(_ directory: String) {
        let name = Self.name(of: directory)
        state.withLock { $0.holds[name, default: 0] += 1 }
    }

    /// Undoes one ``hold(_:)``, or that of ``store(zip:)`` or ``freeze(executable:)``.
    public func release(_ directory: String) {
        let name = Self.name(of: directory)
        let isLast = state.withLock { state in
            guard let count = state.holds[name] else { return false }
            state.holds[name] = count > 1 ? count - 1 : nil
            return count == 1
        }
        if isLast { collect(directory) }
    }

    /// Undoes the hold and leaves the package where it is: it is not known whether a record names it. The next start
    /// will know.
    func abandon(_ directory: String) {
        let name = Self.name(of: directory)
        state.withLock { state in
            let count = state.holds[name] ?? 0
            state.holds[name] = count > 1 ? count - 1 : nil
        }
    }

    // MARK: Removing

    /// Removes a package after a moment, if nothing needs it then.
    func collect(_ directory: String) {
        let name = Self.name(of: directory)
        state.withLock { state in
            guard !state.isNeeded(name) else { return }
            state.nextRemoval += 1
            let number = state.nextRemoval
            // Nobody waits for it; what it has not removed when the process ends, the next start does.
            state.removals[number] = Task.detached { [self] in
                // Nothing cancels it.
                try? await Task.sleep(for: lingering)
                if let aside = setAside(name) { Self.remove(aside) }
                self.state.withLock { $0.removals[number] = nil }
            }
        }
    }

    /// Returns when what was to be removed is gone.
    func whenCollected() async {
        while let task = state.withLock({ $0.removals.values.first }) { await task.value }
    }

    /// Takes the package's name away from it, durably, unless something needs it: a folder of that name is always whole.
    private func setAside(_ name: String) -> String? {
        let aside = "\(folder)/\(name).gone-\(UInt64.random(in: 0...UInt64.max))"
        let isAside = state.withLock { state in
            state.holds[name] == nil && !state.isNeeded(name)
                && rename("\(folder)/\(name)", aside) == 0
        }
        guard isAside else { return nil }
        do {
            try DurableFolder.sync(folder)
        } catch {
            // It stays under the other name until the next start.
            return nil
        }
        return aside
    }

    /// Removes what a process that was killed has left: packages that no record names, and unfinished ones.
    ///
    /// - Parameter lock: only the process that holds it knows that no other is about to name one of them.
    func sweep(holding lock: DrainLock) {
        for name in DurableFolder.names(folder) {
            guard Self.isPackage(name) else {
                Self.remove("\(folder)/\(name)")
                continue
            }
            if let aside = setAside(name) { Self.remove(aside) }
        }
    }

    /// 64 hexadecimal digits.
    private static func isPackage(_ name: String) -> Bool {
        name.utf8.count == 64
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }
    }

    static func remove(_ path: String) { DurableFolder.remove(path) }
}
