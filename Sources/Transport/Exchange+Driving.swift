/// How an exchange moves: its bytes to and from its connection, until either direction has to wait.
extension Exchange {
    /// Reads or writes of one exchange in one go; then the others have their turn.
    private static let turns = 4
    /// Connections that turned out to be closed, one after another.
    private static let restartsLimit = 3

    /// The connection stands: the request may leave on it.
    final func begin(on connection: Connection) {
        self.connection = connection
        isConnected = true
        noteProgress()
        loop.watchDeadline(of: self)
        write()
        drive()
    }

    /// Sends and reads what can be. Ends the exchange when its answer is whole, or nothing can come of it.
    final func drive() {
        guard let connection, !isFinished else { return }
        if failure == nil, connection.isWritable { send(on: connection) }
        if failure == nil, connection.isReadable { read(from: connection) }
        guard !isFinished, self.connection === connection else { return }
        if failure != nil || isSufficient { return loop.complete(self) }
        var hold: Hold = []
        if room == 0 { hold.insert(.receive) }
        if hasBodyToSend, sendFailure == nil, isStarved { hold.insert(.send) }
        if hold != self.hold {
            self.hold = hold
            noteProgress()
            loop.watchDeadline(of: self)
        }
    }

    /// The request's head, and a small body with it.
    private func write() {
        let length = separateBodyBytes
        let hasBody =
            length != nil || !request.body.isEmpty || request.method == .put
            || request.method == .post
        asksFirst = !mustAskNoMore && length.map { $0 > Self.expectThresholdBytes } == true
        bodyAt = asksFirst ? .max : 0
        unsent.removeAll(keepingCapacity: true)
        unsentStart = 0
        RequestHeadWriter.write(
            request, to: connection!.origin,
            bodyLength: hasBody ? length ?? Int64(request.body.count) : nil, asksFirst: asksFirst,
            userAgent: loop.options.userAgent, into: &unsent)
        if length == nil {
            unsent.append(contentsOf: request.body)
            if chargesSentBytes { charge(request.body.count) }
        }
    }

    private var hasBodyToSend: Bool {
        !isAnsweredEarly && sentBodyBytes < (separateBodyBytes ?? 0)
    }

    private func send(on connection: Connection) {
        for _ in 0..<Self.turns {
            guard sendFailure == nil else { return }
            let step: Connection.Step
            if unsentStart < unsent.count {
                step = unsent.withUnsafeBytes {
                    connection.send(UnsafeRawBufferPointer(rebasing: $0[unsentStart...]))
                }
            } else {
                guard hasBodyToSend, bodyAt <= loop.now,
                    !(chargesSentBytes && pacedUntil > loop.now),
                    let next = sendBlock(to: connection)
                else { return }
                step = next
            }
            switch step {
            case .moved(let count): didSend(count, on: connection)
            case .blocked, .ended: return
            case .failed(let message):
                sendFailure = message
                // An answer that came before is still there.
                connection.isReadable = true
                return
            }
            if !connection.isWritable { return }
        }
        loop.attend(self)
    }

    private func didSend(_ count: Int, on connection: Connection) {
        noteProgress()
        sentBytes += Int64(count)
        if unsentStart < unsent.count {
            didSendHead(count)
        } else {
            sentBodyBytes += Int64(count)
            if chargesSentBytes { charge(count) }
        }
        let isWhole = unsentStart == unsent.count && !hasBodyToSend
        if !connection.isWritable || isWhole && sentBytes > Self.slowBytes {
            noteAcknowledged()
        }
    }

    private func didSendHead(_ count: Int) {
        unsentStart += count
        guard unsentStart == unsent.count else { return }
        unsent = []
        unsentStart = 0
        if asksFirst {
            bodyAt = loop.now + Self.expectWait
            loop.wake(self)
        }
    }

    private func read(from connection: Connection) {
        for _ in 0..<Self.turns {
            // A head is not held up: the time that it takes is the peer's.
            let room = pacedUntil > loop.now && head != nil ? 0 : self.room
            guard room > 0 else { return }
            let step: Connection.Step
            if head != nil, let left = reader.plainBytesLeft,
                let direct = receiveBlock(
                    from: connection, atMost: Int(min(left, Int64(loop.options.blockBytes))))
            {
                step = direct
                if case .moved(let count) = step {
                    reader.skip(count)
                    didReceive(count)
                }
            } else {
                let space = UnsafeMutableRawBufferPointer(
                    rebasing: loop.scratch.prefix(min(room, loop.options.blockBytes)))
                step = connection.receive(into: space)
                if case .moved(let count) = step {
                    take(UnsafeRawBufferPointer(rebasing: space[..<count]), of: connection)
                }
            }
            switch step {
            case .moved(let count): noteReceived(count)
            case .blocked: return
            case .ended: return connectionEnded(connection, nil)
            case .failed(let message): return connectionEnded(connection, message)
            }
            if failure != nil || isSufficient { return }
            if reader.isAtEnd { return answerEnded(connection) }
            if !connection.isReadable { return }
        }
        loop.attend(self)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, of connection: Connection) {
        hasReceived = true
        var rest = bytes
        while failure == nil, !isSufficient {
            switch reader.next(&rest) {
            case .more: return
            case .interim(let status):
                guard status == 100, bodyAt > loop.now else { continue }
                bodyAt = 0
                loop.attend(self)
            case .head(let head): take(head)
            case .body(let block):
                // Nobody wants that of an answer that leads to a repetition.
                if head == nil { continue }
                if let untoldBytes, receivedBytes + Int64(block.count) > untoldBytes {
                    fail(.malformed, "the body is longer than its \(untoldBytes) bytes")
                    return
                }
                receive(block)
                didReceive(block.count)
            case .end:
                if !rest.isEmpty { connection.isSpoilt = true }
                return
            case .malformed(let message): fail(.malformed, message)
            }
        }
    }

    private func take(_ head: HTTPResponseHead) {
        if head.status == 417, asksFirst, sentBodyBytes == 0 {
            mustAskNoMore = true
            return
        }
        var head = head
        if head.isSuccess, reader.bodyLength == nil, let expected = request.expectedBytes {
            untoldBytes = expected
            head.headers["transfer-encoding"] = nil
            head.headers["content-length"] = String(expected)
        }
        self.head = head
        noteProgress()
        if hasBodyToSend {
            isAnsweredEarly = true
            didAnswerEarly()
        }
        didReceiveHead(head)
    }

    private func didReceive(_ count: Int) {
        receivedBytes += Int64(count)
        charge(count)
    }

    private func answerEnded(_ connection: Connection) {
        if !reader.allowsReuse || isAnsweredEarly || sendFailure != nil
            || unsentStart < unsent.count
        {
            connection.isSpoilt = true
        }
        if let untoldBytes, receivedBytes != untoldBytes {
            fail(.interrupted, "the body ended after \(receivedBytes) of \(untoldBytes) bytes")
        }
        guard head == nil else { return loop.complete(self) }
        if connection.isSpoilt { return loop.restart(self) }
        forgetAnswer()
        write()
        loop.attend(self)
    }

    private func connectionEnded(_ connection: Connection, _ message: String?) {
        connection.isSpoilt = true
        if message == nil, reader.connectionEnded() { return answerEnded(connection) }
        // An early answer says why the body is not wanted, also when the connection broke over it.
        if isAnsweredEarly { return loop.complete(self) }
        let changesNothing = request.method == .get || request.method == .head
        let wasStale = connection.isUsed && !hasReceived && (changesNothing || sentBytes == 0)
        if restarts < Self.restartsLimit, wasStale || mustAskNoMore && head == nil {
            restarts += 1
            needsNewConnection = true
            return loop.restart(self)
        }
        let what =
            head == nil
            ? "the connection was closed before an answer came"
            : "the connection was closed before the end of the answer"
        fail(.interrupted, message ?? sendFailure ?? what)
    }

    /// Before the request leaves once more: nothing of its body has.
    final func forgetAnswer() {
        reader = AnswerReader(answerTo: request.method)
        hasReceived = false
        sentBytes = 0
        acknowledgedBytes = 0
        sendFailure = nil
        hold = []
    }
}
