/// Any number of globs as one non-deterministic automaton, run over a key's bytes with sets of states as
/// bits: time grows with the key's length times the globs' size, whatever they say.
struct GlobProgram: Sendable {
    /// Words of a state set.
    private let width: Int
    /// `width` words for each byte value: the states that take this byte.
    private let takes: [UInt64]
    /// `width` words for each state: where taking a byte leads.
    private let follows: [UInt64]
    private let start: [UInt64]
    private let accept: [UInt64]

    init(_ globs: [Glob]) {
        var builder = GlobBuilder()
        let entry = builder.addPlace()
        let exit = builder.addPlace()
        for glob in globs {
            let end = builder.add(glob.nodes, from: entry)
            builder.link(end, exit)
        }
        let states = builder.steps.count
        let width = (states + 1 + 63) / 64
        self.width = width
        func words(_ members: [Int]) -> [UInt64] {
            var set = [UInt64](repeating: 0, count: width)
            for member in members { set[member / 64] |= 1 << UInt64(member % 64) }
            return set
        }
        /// The states that can take a byte from this place, and `states` itself when it accepts.
        func closure(of place: Int) -> [UInt64] {
            var seen: Set<Int> = [place]
            var open = [place]
            var members: [Int] = []
            while let place = open.popLast() {
                if place == exit { members.append(states) }
                members += builder.stepsFrom[place]
                for next in builder.links[place] where seen.insert(next).inserted {
                    open.append(next)
                }
            }
            return words(members)
        }
        start = closure(of: entry)
        accept = words([states])
        follows = builder.steps.flatMap { closure(of: $0.end) }
        takes = (0..<256).flatMap { byte in
            words(builder.steps.indices.filter { builder.steps[$0].set.contains(UInt8(byte)) })
        }
    }

    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        width == 1 ? matchesNarrow(bytes) : matchesWide(bytes)
    }

    private func matchesNarrow(_ bytes: UnsafeRawBufferPointer) -> Bool {
        takes.withUnsafeBufferPointer { takes in
            follows.withUnsafeBufferPointer { follows in
                var current = start[0]
                for byte in bytes {
                    var taking = current & takes[Int(byte)]
                    current = 0
                    while taking != 0 {
                        current |= follows[taking.trailingZeroBitCount]
                        taking &= taking - 1
                    }
                    if current == 0 { return false }
                }
                return current & accept[0] != 0
            }
        }
    }

    private func matchesWide(_ bytes: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * width) { scratch in
            var current = UnsafeMutableBufferPointer(rebasing: scratch[..<width])
            var next = UnsafeMutableBufferPointer(rebasing: scratch[width...])
            _ = current.initialize(from: start)
            next.initialize(repeating: 0)
            for byte in bytes {
                var isAlive = false
                for word in 0..<width {
                    var taking = current[word] & takes[Int(byte) * width + word]
                    while taking != 0 {
                        let state = word * 64 + taking.trailingZeroBitCount
                        for target in 0..<width { next[target] |= follows[state * width + target] }
                        taking &= taking - 1
                        isAlive = true
                    }
                }
                if !isAlive { return false }
                swap(&current, &next)
                next.update(repeating: 0)
            }
            return (0..<width).contains { current[$0] & accept[$0] != 0 }
        }
    }
}

/// Builds the automaton: places, free links between them, and steps that take one byte.
private struct GlobBuilder {
    private(set) var links: [[Int]] = []
    private(set) var stepsFrom: [[Int]] = []
    private(set) var steps: [(set: ByteSet, end: Int)] = []

    mutating func addPlace() -> Int {
        links.append([])
        stepsFrom.append([])
        return links.count - 1
    }

    mutating func link(_ start: Int, _ end: Int) { links[start].append(end) }

    private mutating func step(_ start: Int, _ set: ByteSet, _ end: Int) {
        stepsFrom[start].append(steps.count)
        steps.append((set, end))
    }

    /// Returns the place after the nodes.
    mutating func add(_ nodes: [Glob.Node], from start: Int) -> Int {
        var place = start
        for node in nodes { place = add(node, from: place) }
        return place
    }

    private mutating func loop(_ set: ByteSet, from start: Int) -> Int {
        let place = addPlace()
        link(start, place)
        step(place, set, place)
        return place
    }

    private mutating func add(_ node: Glob.Node, from start: Int) -> Int {
        switch node {
        case .byte(let byte):
            let end = addPlace()
            step(start, ByteSet { $0 == byte }, end)
            return end
        case .character(let set, let others):
            let end = addPlace()
            step(start, set, end)
            // The rest of a character of several bytes.
            let isWide = (0xc0...0xff).contains { set.contains(UInt8($0)) }
            if isWide { step(end, .continuation, end) }
            let exit = addPlace()
            link(end, exit)
            for other in others {
                link(add(other.map { .byte($0) }, from: start), exit)
            }
            return exit
        case .segment: return loop(.notSlash, from: start)
        case .anything: return loop(.all, from: start)
        case .folders:
            let end = addPlace()
            link(start, end)
            step(loop(.all, from: start), .slash, end)
            return end
        case .oneOf(let choices):
            let end = addPlace()
            for choice in choices { link(add(choice, from: start), end) }
            return end
        }
    }
}
