/// Why kmem stops: a sentence for the person at the keyboard, and the exit status.
struct Failure: Error, Equatable {
  let message: String
  let status: Int32

  /// The command line asks for something that there is not: status 2.
  static func usage(_ message: String) -> Failure { Failure(message: message, status: 2) }
  /// The input cannot be read, or does not hold: status 1.
  static func input(_ message: String) -> Failure { Failure(message: message, status: 1) }
}
