import FoundationEssentials
import GRDB

extension [UInt8] {
    var blob: Data { Data(self) }

    init(blob: Data) { self = Array(blob) }
}
