import Foundation

/// Files that the grader writes.
public enum Files {
  /// Writes `text` so that a reader finds the whole of it or nothing; makes the folders on the way.
  ///
  /// - Throws: ``GradingError/failure(_:)`` naming the file and the system's reason.
  public static func write(_ text: String, to path: String) throws(GradingError) {
    let folder = (path as NSString).deletingLastPathComponent
    let draft = folder + "/.\((path as NSString).lastPathComponent).\(getpid()).part"
    let failed = { () -> GradingError in
      let reason = String(cString: strerror(errno))
      unlink(draft)
      return .failure("\(path) cannot be written: \(reason).")
    }
    // Where the folder cannot be made, opening the draft says why.
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failed() }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else {
        let error = failed()
        close(descriptor)
        throw error
      }
      bytes = bytes.dropFirst(max(count, 0))
    }
    guard close(descriptor) == 0, rename(draft, path) == 0 else { throw failed() }
  }

  /// The system's own words for what went wrong.
  static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    for candidate in [error as NSError, underlying].compactMap(\.self)
    where candidate.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(candidate.code)))
    }
    return (error as NSError).localizedDescription
  }
}
