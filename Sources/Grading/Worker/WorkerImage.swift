import Foundation

/// A program made of a submission, ready to be started; it stays so even when the cache forgets its file.
final class WorkerImage: Sendable {
  /// The program's file.
  let path: String
  /// Whether it was compiled with optimisation.
  let isOptimised: Bool
  let isStatic: Bool
  /// Where a dynamic worker finds its libraries.
  let libraries: [String]
  /// Finds the line of a trap; nil where that cannot be.
  let places: TrapPlaces?
  /// The open file; -1 where programs are started by their path.
  let descriptor: Int32
  /// The time that its checks have used.
  let run = RunLedger()

  init(
    path: String, isOptimised: Bool, isStatic: Bool, libraries: [String],
    places: TrapPlaces? = nil
  ) throws(GradingError) {
    self.path = path
    self.isOptimised = isOptimised
    self.isStatic = isStatic
    self.libraries = libraries
    self.places = places
    // Not through a link: the folder was written by a compiler that had read untrusted files.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      throw GradingError.failure("\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }
}
