import Foundation
import Testing

/// The traps of copying, syncing and verifying between S3 stores, and the tests that step into each.
///
/// The numbers are those of the design's list. Those left out concern events (1 to 3, 6, 8, 9, 32, 35), or cannot be
/// shown by a test (31: listings of some stores lag).
@Suite struct TrapTests {
    struct Trap: Sendable, CustomTestStringConvertible {
        var number: Int
        var what: String
        /// Names of tests, in Swift or Python.
        var tests: [String]
        var testDescription: String { "\(number): \(what)" }

        init(_ number: Int, _ what: String, _ tests: String...) {
            self.number = number
            self.what = what
            self.tests = tests
        }
    }

    static let all = [
        Trap(
            4, "re-read and pin, never replay", "overwrittenMidway",
            "overwrittenMidwayAtAStoreWithoutPins", "deletedMidway",
            "staleEvidenceOfTheSourceIsNoInstruction"),
        Trap(5, "a late delete after a re-creation", "aLateDeleteDoesNotDelete"),
        Trap(7, "metadata changed under the same ETag", "metadataRewrittenInPlaceIsSeen"),
        Trap(
            10, "412, 409 and 404 of conditional writes", "anOlderCopyNeverReplacesANewerOne",
            "aConflictIsTriedAgain", "aDestinationDeletedMeanwhileIsWrittenAnew",
            "aConflictAtCompletionIsNotRepeated"),
        Trap(
            11, "stores that ignore or refuse conditions", "aStoreThatIgnoresConditionsIsFoundOut",
            "aStoreThatCannotBeAskedIsWrittenWithALook", "aDeleteMeanwhileIsNoProofOfIgnorance",
            "aLongUploadLooksBeforeItCompletes"),
        Trap(
            12, "multipart ETags depend on the layout", "partsAreKept",
            "anIrregularLayoutIsAskedFor", "aCommonLayoutIsInferred",
            "copiesWithOddETagsAreCarriedAndProven"),
        Trap(13, "one part is not none", "onePartIsKeptAsOnePart"),
        Trap(
            14, "checksums of the whole and of parts", "aChecksumOfTheSourceProvesTheReading",
            "aCompositeChecksumIsNoneOfTheWhole", "aStoreThatDamagesIsReported"),
        Trap(
            15, "checksums nobody asked for", "nothingIsAddedThatAStoreDidNotAskFor",
            "aBucketThatWantsContentMD5GetsIt"),
        Trap(16, "aws-chunked is no encoding", "theFramingOfATransferIsNoEncoding"),
        Trap(
            17, "success with an error inside", "anErrorInASuccessfulAnswerIsNoCopy",
            "everyFailureAborts", "anErrorInAnAnswerOfSuccessIsAnError",
            "completionKeepsWaitingThroughWhiteSpace"),
        Trap(18, "bytes as stored", "whatIsStoredCompressedStaysSo"),
        Trap(
            19, "limits of parts and objects", "ourOwnLayoutKeepsTheLimits",
            "partsTooSmallForTheDestinationAreJoined", "aStoreThatWantsRegularPartsGetsOurs",
            "anObjectBeyondEveryLimitIsRefused"),
        Trap(20, "UploadPartCopy is per endpoint", "twoEndpointsNeverCopyServerSide"),
        Trap(
            21, "uploads left behind", "everyFailureAborts", "cancellationAborts",
            "faultsAroundAnUploadAreMadeGood", "anUploadOfADeadProcessIsAborted",
            "anIntentFindsItsUpload", "aLivingProcessIsSpared"),
        Trap(22, "SlowDown", "slowDownEverywhereIsWaitedFor", "opensToAllUntilThrottled"),
        Trap(
            23, "redirects and regions", "noOtherHostGetsCredentials",
            "headLearnsTheRegionFromItsHeaderAlone", "aRegionThatDoesNotHelpIsTriedOnce"),
        Trap(24, "clocks", "clockSkewIsLearntAndKept", "aSkewedClockIsReported"),
        Trap(25, "archived objects", "anArchivedObjectIsNamed"),
        Trap(
            26, "a failed listing is no empty source", "aSourceThatFailsDeletesNothing",
            "listingThatFailsGivesNoResult", "test_a_listing_that_fails_deletes_nothing"),
        Trap(
            27, "keys of every kind", "areCopiedByteForByte", "inPartsToo",
            "keysTravelByteForByte", "signaturesOfOddKeysAreRight"),
        Trap(
            28, "keys that XML cannot carry", "aKeyThatIsRefusedIsNamed", "invalidUTF8GoesSingly",
            "listingsOfOddKeys"),
        Trap(29, "the encoding of a copy's source", "theSourceOfACopyIsEncoded", "copySources"),
        Trap(
            30, "listings out of order", "unsortedListingIsLearntAndNoted", "sortsAnything"),
        Trap(
            33, "delete storms", "aDeleteRemovesNoVersion",
            "test_more_deletes_than_the_cap_are_none"),
        Trap(
            34, "version ids are each store's own", "theSourcesVersionIDIsNeverSentToTheDestination"
        ),
        Trap(
            36, "locked writes", "retentionAndLegalHoldTravel", "aDateThatHasPassedIsLeftOut",
            "aStoreWithoutLocksIsNoted", "rewritingMetadataKeepsLockAndACL"),
    ]

    private static let declared: Set<String> = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
        var names: Set<String> = []
        while let file = files?.nextObject() as? URL {
            guard ["swift", "py"].contains(file.pathExtension),
                let text = try? String(contentsOf: file, encoding: .utf8)
            else { continue }
            for match in text.matches(of: /(?:func|def) (\w+)\(/) { names.insert(String(match.1)) }
        }
        return names
    }()

    @Test(arguments: all)
    func hasItsTests(_ trap: Trap) {
        #expect(!trap.tests.isEmpty)
        for name in trap.tests { #expect(Self.declared.contains(name), "\(name)") }
    }
}
