extension FunctionRegistry {
    /// What is kept warm of one function.
    struct Warming {
        /// What the environments were last told to be, by version.
        var told: [FunctionVersion: Int] = [:]
        /// How many there were then; none while they start.
        var ready: [FunctionVersion: Int] = [:]
        /// The record has changed since it was last looked at.
        var isStale = false
        /// Is at it, until there is nothing left to tell.
        var task: Task<Void, Never>?
    }

    /// Brings a function's environments in line with what its record asks to keep warm, after the caller has gone on.
    func rewarm(_ name: String) {
        state.withLock { state in
            var warming = state.warming[name] ?? Warming()
            let wanted = Self.wanted(name, state)
            guard !wanted.isEmpty || !warming.told.isEmpty || warming.task != nil else { return }
            // Counted again before anybody is told that they are there.
            for (version, count) in wanted where !warming.has(version, count) {
                warming.ready[version] = nil
            }
            warming.isStale = true
            // They start while the caller is answered.
            if warming.task == nil { warming.task = Task { await self.warm(name) } }
            state.warming[name] = warming
        }
    }

    /// Returns when a function's environments are as they should be.
    func whenWarm(_ name: String) async {
        while let task = state.withLock({ $0.warming[name]?.task }) { await task.value }
    }

    /// Starts what is provisioned, of every function: once, after the start.
    public func warmAll() async {
        for name in state.withLock({ Array($0.functions.keys) }) {
            rewarm(name)
            await whenWarm(name)
        }
    }

    /// By version: the sum of what its own number and its aliases ask for.
    private static func wanted(_ name: String, _ state: State) -> [FunctionVersion: Int] {
        var wanted: [FunctionVersion: Int] = [:]
        guard let record = state.functions[name] else { return wanted }
        for (qualifier, count) in record.provisioned {
            let number = record.aliases[qualifier]?.version ?? qualifier
            guard let version = state.runnable[name]?[number] else { continue }
            wanted[version, default: 0] += count
        }
        return wanted
    }

    private func warm(_ name: String) async {
        while let steps = nextSteps(name) {
            for (version, count) in steps {
                let ready = await settings.provision(version, count)
                state.withLock { state in
                    state.warming[name]?.told[version] = count > 0 ? count : nil
                    state.warming[name]?.ready[version] = count > 0 ? ready : nil
                }
            }
        }
    }

    /// What is to be told now: fewer first. nil: all is as it should be.
    private func nextSteps(_ name: String) -> [(FunctionVersion, Int)]? {
        state.withLock { state in
            guard var warming = state.warming[name] else { return nil }
            guard warming.isStale else {
                warming.task = nil
                state.warming[name] = warming.told.isEmpty ? nil : warming
                return nil
            }
            warming.isStale = false
            let wanted = Self.wanted(name, state)
            state.warming[name] = warming
            let gone = warming.told.keys.filter { wanted[$0] == nil }.map { ($0, 0) }
            let other = wanted.filter { !warming.has($0.key, $0.value) }.map { ($0.key, $0.value) }
            return gone + other
        }
    }

    /// How many environments there are of what a qualifier leads to; nil: they are starting.
    func ready(_ qualifier: String, _ record: FunctionRecord) -> Int? {
        let number = record.aliases[qualifier]?.version ?? qualifier
        return state.withLock { state in
            guard let version = state.runnable[record.name]?[number] else { return nil }
            return state.warming[record.name]?.ready[version]
        }
    }
}

extension FunctionRegistry.Warming {
    func has(_ version: FunctionVersion, _ count: Int) -> Bool {
        told[version] == count && ready[version] ?? 0 >= count
    }
}
