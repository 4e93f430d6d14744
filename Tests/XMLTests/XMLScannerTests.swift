import Testing

@testable import XML

@Suite struct XMLScannerTests {
    static let listing = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
          <KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>
          <Contents><Key>a&amp;b&#13;&#x20AC;</Key><ETag>&quot;e1&quot;</ETag><Size>12</Size><Owner><ID>x</ID></Owner></Contents>
          <!-- a <comment> -->
          <s3:Contents><Key><![CDATA[<c>]]>d</Key><Size> 9223372036854775807 </Size><Empty/></s3:Contents>
        </ListBucketResult>
        """

    @Test func readsAListing() throws {
        var scanner = XMLScanner(Array(Self.listing.utf8))
        var keys: [String] = []
        var sizes: [Int64] = []
        var isTruncated = true
        let root = try scanner.root("ListBucketResult")
        while let child = try scanner.nextChild(of: root) {
            if scanner.name(of: child, is: "IsTruncated") {
                isTruncated = try scanner.bool(of: child)
            } else if scanner.name(of: child, is: "Contents") {
                while let field = try scanner.nextChild(of: child) {
                    if scanner.name(of: field, is: "Key") {
                        keys.append(try scanner.string(of: field))
                    } else if scanner.name(of: field, is: "Size") {
                        sizes.append(try scanner.int64(of: field))
                    }
                }
            }
        }
        try scanner.finish()
        #expect(keys == ["a&b\r\u{20AC}", "<c>d"])
        #expect(sizes == [12, .max])
        #expect(!isTruncated)
    }
}
