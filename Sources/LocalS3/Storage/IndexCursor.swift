/// Walks one sorted source of entries. Not thread-safe: one listing owns it.
final class IndexCursor {
    private enum Source {
        case table([[IndexTable.Item]])
        case run(IndexRun)
    }

    private let source: Source
    private var chunk = 0
    /// In a table the place in the chunk; in a run the byte after the current entry.
    private var place = 0
    private var block: [UInt8] = []
    private(set) var key: [UInt8] = []
    private(set) var entry = IndexEntry.deleted
    private(set) var isAtEnd = false

    /// Stands on the first entry whose key is not less than `start`.
    init(_ table: IndexTable, from start: [UInt8]) {
        source = .table(table.chunks)
        (chunk, place) = table.position(of: start)
        loadTableItem(table.chunks)
    }

    init(_ run: IndexRun, from start: [UInt8]) throws(StorageError) {
        source = .run(run)
        guard run.blockCount > 0 else {
            isAtEnd = true
            return
        }
        try enter(run.block(of: start), of: run)
        try skip(to: start)
    }

    func advance() throws(StorageError) {
        switch source {
        case .table(let chunks):
            place += 1
            if place >= chunks[chunk].count {
                chunk += 1
                place = 0
            }
            loadTableItem(chunks)
        case .run(let run):
            if place < block.count {
                try loadRunItem(run)
            } else if chunk + 1 < run.blockCount {
                try enter(chunk + 1, of: run)
            } else {
                isAtEnd = true
            }
        }
    }

    /// Moves forward to the first key that is not less than `target`.
    func seek(_ target: [UInt8]) throws(StorageError) {
        guard !isAtEnd, KeyOrder.isLess(key, target) else { return }
        switch source {
        case .table(let chunks):
            // Near in most listings: a few steps, then by halves among the chunks.
            while chunk + 1 < chunks.count, !KeyOrder.isLess(target, chunks[chunk + 1][0].key) {
                chunk += 1
                place = 0
            }
            while place < chunks[chunk].count, KeyOrder.isLess(chunks[chunk][place].key, target) {
                place += 1
            }
            if place >= chunks[chunk].count {
                chunk += 1
                place = 0
            }
            loadTableItem(chunks)
        case .run(let run):
            let block = run.block(of: target)
            if block > chunk { try enter(block, of: run) }
            try skip(to: target)
        }
    }

    private func skip(to target: [UInt8]) throws(StorageError) {
        while !isAtEnd, KeyOrder.isLess(key, target) { try advance() }
    }

    private func loadTableItem(_ chunks: [[IndexTable.Item]]) {
        guard chunk < chunks.count else {
            isAtEnd = true
            return
        }
        key = chunks[chunk][place].key
        entry = chunks[chunk][place].entry
    }

    private func enter(_ number: Int, of run: IndexRun) throws(StorageError) {
        block = try run.read(block: number)
        chunk = number
        place = 4
        try loadRunItem(run)
    }

    private func loadRunItem(_ run: IndexRun) throws(StorageError) {
        var reader = ByteReader(block[place...])
        guard let length: UInt16 = reader.integer(), let bytes = reader.raw(Int(length)),
            let entry = IndexEntry(from: &reader)
        else { throw StorageError(.corrupt, operation: "read", path: run.path) }
        key = Array(bytes)
        self.entry = entry
        place += 2 + Int(length) + IndexEntry.encodedBytes
    }
}

/// Walks several sources as one: for a key that is in more than one, the first source that has it wins.
final class MergedCursor {
    private let cursors: [IndexCursor]
    private let keepsDeleted: Bool

    /// - Parameter cursors: newest first.
    init(_ cursors: [IndexCursor], keepsDeleted: Bool) {
        self.cursors = cursors
        self.keepsDeleted = keepsDeleted
    }

    func next() throws(StorageError) -> IndexTable.Item? {
        while true {
            var least: IndexCursor?
            for cursor in cursors where !cursor.isAtEnd {
                if let found = least {
                    if KeyOrder.isLess(cursor.key, found.key) { least = cursor }
                } else {
                    least = cursor
                }
            }
            guard let least else { return nil }
            let item = IndexTable.Item(key: least.key, entry: least.entry)
            if cursors.count > 1 {
                for cursor in cursors where cursor !== least && !cursor.isAtEnd {
                    if cursor.key == item.key { try cursor.advance() }
                }
            }
            try least.advance()
            if keepsDeleted || !item.entry.isDeleted { return item }
        }
    }

    func seek(_ target: [UInt8]) throws(StorageError) {
        for cursor in cursors { try cursor.seek(target) }
    }
}
