import Yams

extension YAMLReader {
    /// The file's one document, or nil when it is empty.
    ///
    /// Yams's own messages show the line that it could not read: secrets have stood in such lines, so that ours name
    /// the line only.
    func document(_ yaml: String) throws(CommandFailure) -> Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw CommandFailure(.usage, Self.message(error, file: file))
        } catch {
            throw CommandFailure(.usage, "\(file) is not YAML")
        }
    }

    private static func message(_ error: YamlError, file: String) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return "\(file) line \(mark.line) is not YAML: \(problem)"
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count(where: \.isNewline) + 1 }
            return file + (line.map { " line \($0)" } ?? "") + " is not YAML: \(problem)"
        case .duplicatedKeysInMapping(let names, let context):
            let list = names.sorted().map(YAMLSection.quoted).joined(separator: ", ")
            return
                "\(file) line \(context.mark.line): \(list) stands twice in one mapping"
        default:
            return "\(file) is not YAML"
        }
    }
}
