import Foundation
import Testing

@testable import brigade

struct StateFolderTests {
    @Test(
        arguments: [
            ("given", ["BRIGADE_STATE": "/b", "HOME": "/h"], "given"),
            (nil, ["BRIGADE_STATE": "/b", "XDG_STATE_HOME": "/x", "HOME": "/h"], "/b"),
            (nil, ["BRIGADE_STATE": "", "XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/brigade"),
            (nil, ["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/brigade"),
            (nil, ["XDG_STATE_HOME": "", "HOME": "/h"], "/h/.local/state/brigade"),
            (nil, ["HOME": ""], "/tmp/.local/state/brigade"),
            (nil, [:], "/tmp/.local/state/brigade"),
        ] as [(String?, [String: String], String)])
    func isWhereItWasAskedFor(_ option: String?, _ environment: [String: String], _ path: String) {
        #expect(StateFolder(option: option, environment: environment).path == path)
    }

    @Test func isMadeForItsOwnerAloneAndMayBeThere() throws {
        let folder = ScratchFolder()
        let state = StateFolder(option: folder.path + "/a/b//c", environment: [:])
        try state.make()
        try state.make()
        for name in ["a", "a/b", "a/b/c", "a/b/c/uploads", "a/b/c/runs"] {
            #expect(try folder.mode(name) == 0o700)
        }
    }

    @Test func aFileInTheWayIsNamed() throws {
        let folder = ScratchFolder()
        let file = try folder.write("", "file")
        let state = StateFolder(option: file + "/state", environment: [:])
        let failure = #expect(throws: CommandFailure.self) { try state.make() }
        #expect(failure?.status == .usage)
        #expect(failure?.message.contains(file) == true)
        #expect(failure?.advice.first?.contains("--state") == true)
    }
}
