/// Runs work that must end even when its caller is cancelled: giving back an upload, removing what
/// was written wrongly. Unstructured on purpose, and awaited at once.
func shielded<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> R {
    await Task { await work() }.value
}
