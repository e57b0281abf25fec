/// A command's arguments, taken one after the other; an option's value may follow as `--name value` or `--name=value`.
struct ArgumentList {
  let command: String
  private var rest: ArraySlice<String>
  /// The value after `=` of the option taken last, should it not have been asked for.
  private var attached: String?
  private var option = ""

  init(_ arguments: ArraySlice<String>, of command: String) {
    rest = arguments
    self.command = command
  }

  /// The next argument: an option's name, or a word; nil at the end.
  mutating func next() throws(Failure) -> String? {
    try rejectValue()
    guard let argument = rest.popFirst() else { return nil }
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
      option = argument
      return argument
    }
    option = String(argument[..<equals])
    attached = String(argument[argument.index(after: equals)...])
    return option
  }

  /// The value of the option taken last.
  mutating func value(_ what: String) throws(Failure) -> String {
    if let attached {
      self.attached = nil
      return attached
    }
    guard let value = rest.popFirst() else {
      throw .usage("\(option) needs a value: \(what)")
    }
    return value
  }

  /// The value of the option taken last, read by `parse`; `what` says which values there are.
  mutating func value<Value>(
    _ what: String, _ parse: (String) -> Value?
  ) throws(Failure) -> Value {
    let option = option
    let text = try value(what)
    guard let value = parse(text) else {
      throw .usage("\(option) takes \(what), not `\(text)`")
    }
    return value
  }

  private func rejectValue() throws(Failure) {
    if attached != nil { throw .usage("\(option) takes no value") }
  }

  /// An argument that the command does not know.
  func unknown(_ argument: String) -> Failure {
    argument.hasPrefix("-") && argument != "-"
      ? .usage(
        "kmem \(command) has no option \(argument); `kmem help \(command)` lists what it takes")
      : .usage("kmem \(command) takes one file; `\(argument)` is one too many")
  }
}
