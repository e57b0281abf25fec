import Foundation

/// Where kmem writes: standard output and standard error, or what a test keeps.
struct Console {
  var out: (String) -> Void
  var error: (String) -> Void
  /// Whether somebody watches standard error, so that progress is worth showing.
  var isWatched = false

  static var standard: Console {
    Console(
      out: { FileHandle.standardOutput.write(Data($0.utf8)) },
      error: { FileHandle.standardError.write(Data($0.utf8)) }, isWatched: isatty(2) == 1)
  }

  /// Shows how far a long work is, on one line that it keeps rewriting; nothing in the first second.
  func progressLine() -> (_ done: Int, _ all: Int) -> Void {
    guard isWatched else { return { _, _ in } }
    var last = ContinuousClock.now + .milliseconds(750)
    let error = error
    return { done, all in
      guard ContinuousClock.now - last > .milliseconds(250) else { return }
      last = .now
      error(
        done == 0
          ? "\rreading: \(grouped(all)) lines\u{1b}[K"
          : "\rreplaying: \(done * 100 / max(1, all)) % of \(grouped(all)) lines\u{1b}[K")
    }
  }

  /// Shows what is being done, on the line of progress.
  func status(_ what: String) {
    if isWatched { error("\r\(what)\u{1b}[K") }
  }

  /// Takes the line of progress away.
  func endProgress() {
    if isWatched { error("\r\u{1b}[K") }
  }
}
