/// Shows a run's progress on standard error while it goes on.
struct ProgressDisplay: Sendable {
    let terminal: Terminal
    let progress: RunProgress
    let isQuiet: Bool

    private static let redrawEvery = Duration.milliseconds(100)
    private static let lineEvery = Duration.seconds(5)

    /// Runs the work beside the display; what was drawn is gone when it returns.
    func during<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) async throws -> R {
        guard !isQuiet else { return try await work() }
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                await show()
                return nil
            }
            group.addTask { try await work() }
            defer { terminal.clear() }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            throw CancellationError()
        }
    }

    private func show() async {
        var nextLine = Self.lineEvery
        var wasSilent = false
        while !Task.isCancelled {
            let snapshot = progress.snapshot()
            let renderer = ProgressRenderer(columns: terminal.columns, style: terminal.style)
            if terminal.isInteractive {
                terminal.draw(renderer.lines(snapshot))
            } else {
                let isSilent = snapshot.silence >= ProgressRenderer.longestSilence
                // The first word of a silence comes at once, the next with the other lines.
                if snapshot.elapsed >= nextLine || (isSilent && !wasSilent) {
                    terminal.line(renderer.plainLine(snapshot))
                    nextLine = snapshot.elapsed + Self.lineEvery
                }
                wasSilent = isSilent
            }
            do {
                try await Task.sleep(for: Self.redrawEvery)
            } catch {
                return
            }
        }
    }
}
