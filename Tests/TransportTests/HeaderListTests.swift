import CCurl
import TestSupport
import Testing

@testable import Transport

@Suite struct HeaderListTests {
    @Test(arguments: [
        ("Name", "value", "Name: value"), ("Name", "", "Name;"), ("Name", " \t ", "Name;"),
        ("Name", " a ", "Name:  a "), ("x-amz-meta-a", "grün ✓", "x-amz-meta-a: grün ✓"),
        ("Name", "a;", "Name: a;"), ("Name", ":", "Name: :"), ("Name", "\u{B}", "Name;"),
    ])
    func oneField(name: String, value: String, line: String) {
        #expect(lines([name: value]) == [line])
    }

    @Test func contentLengthIsLeftOut() {
        #expect(lines(["content-LENGTH": "5", "a": "b"]) == ["a: b"])
        #expect(lines([:]) == [])
    }

    @Test func whatLibcurlWouldAddIsTakenBack() {
        #expect(lines([:], hasBody: true) == ["Content-Type:"])
        #expect(lines(["content-type": "a/b"], hasBody: true) == ["content-type: a/b"])
        #expect(lines([:], hasBody: true, isStreamed: true) == ["Expect:"])
        #expect(
            lines([:], hasBody: true, isStreamed: true, asksFirst: true) == [])
        #expect(
            lines(["expect": "100-continue"], hasBody: true, isStreamed: true, asksFirst: true)
                == ["expect: 100-continue"])
    }

    /// The memory is used again, grows, and holds nothing of what was there before.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func isWhatWasFilledInLast(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var list = HeaderList()
        for _ in 0..<10 {
            var headers = HTTPHeaders()
            for _ in 0..<Int.random(in: 0...100, using: &random) {
                let size = Int.random(
                    in: 1...(Bool.random(using: &random) ? 10 : 500), using: &random)
                headers.append(
                    "n\(Int.random(in: 0...9, using: &random))",
                    String((0..<size).map { _ in "abcdeü".randomElement(using: &random)! }))
            }
            list.fill(headers, hasBody: false, isStreamed: false, asksFirst: false)
            #expect(read(&list) == headers.map { "\($0.name): \($0.value)" })
        }
    }

    private func lines(
        _ headers: HTTPHeaders, hasBody: Bool = false, isStreamed: Bool = false,
        asksFirst: Bool = false
    ) -> [String] {
        var list = HeaderList()
        list.fill(headers, hasBody: hasBody, isStreamed: isStreamed, asksFirst: asksFirst)
        return read(&list)
    }

    private func read(_ list: inout HeaderList) -> [String] {
        var lines: [String] = []
        list.withList { first in
            var next = first
            while let node = next {
                lines.append(String(cString: node.pointee.data))
                next = node.pointee.next
            }
        }
        return lines
    }
}
