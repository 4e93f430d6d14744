import ArgumentParser
import Replication

/// Which objects a command is about.
struct FilterOptions: ParsableArguments {
    @Option(help: .init("Only keys that match, repeatable (default: all).", valueName: "glob"))
    var include: [String] = []

    @Option(
        help: .init("Leave out keys that match, repeatable (default: none).", valueName: "glob"))
    var exclude: [String] = []

    @Option(help: .init("Smallest object, as in 4K or 1MB (default: 0).", valueName: "size"))
    var minSize: ByteSize?

    @Option(help: .init("Largest object, as in 64M or 1G (default: none).", valueName: "size"))
    var maxSize: ByteSize?

    @Option(help: .init("Only older than, as in 10m or 7d (default: any).", valueName: "age"))
    var minAge: TimeSpan?

    @Option(help: .init("Only younger than, as in 24h (default: any).", valueName: "age"))
    var maxAge: TimeSpan?

    var filter: ObjectFilter {
        var filter = ObjectFilter()
        filter.include = include
        filter.exclude = exclude
        filter.minSize = minSize?.bytes
        filter.maxSize = maxSize?.bytes
        filter.minAge = minAge?.duration
        filter.maxAge = maxAge?.duration
        return filter
    }

    func validate() throws {
        do {
            try filter.validate()
        } catch {
            throw ValidationError(error.description)
        }
        if let minSize, let maxSize, minSize.bytes > maxSize.bytes {
            throw ValidationError("--min-size is larger than --max-size: nothing would match.")
        }
        if let minAge, let maxAge, minAge.duration > maxAge.duration {
            throw ValidationError("--min-age is longer than --max-age: nothing would match.")
        }
    }
}
