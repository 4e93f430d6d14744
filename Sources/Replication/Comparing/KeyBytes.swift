import Glibc
import S3

/// Orders two keys by their bytes after dropping a prefix of each: below, at or above zero, as
/// `memcmp`. Both keys must be at least as long as their prefix.
@inline(__always)
func compareKeys(
    _ a: ObjectKey, droppingFirst aPrefix: Int, _ b: ObjectKey, droppingFirst bPrefix: Int
) -> Int {
    a.bytes.withUnsafeBytes { left in
        b.bytes.withUnsafeBytes { right in
            let leftCount = left.count - aPrefix
            let rightCount = right.count - bPrefix
            let common = min(leftCount, rightCount)
            // An empty array has no base address; memcmp must not be given null.
            if common > 0 {
                let order = memcmp(
                    left.baseAddress! + aPrefix, right.baseAddress! + bPrefix, common)
                if order != 0 { return Int(order) }
            }
            return leftCount - rightCount
        }
    }
}

@inline(__always)
func compareKeys(_ a: ObjectKey, _ b: ObjectKey) -> Int {
    compareKeys(a, droppingFirst: 0, b, droppingFirst: 0)
}

/// True when the key begins with these bytes.
@inline(__always)
func key(_ key: ObjectKey, hasPrefix prefix: ObjectKey) -> Bool {
    let count = prefix.bytes.count
    if count == 0 { return true }
    return key.bytes.withUnsafeBytes { bytes in
        bytes.count >= count
            && prefix.bytes.withUnsafeBytes {
                memcmp(bytes.baseAddress!, $0.baseAddress!, count) == 0
            }
    }
}
