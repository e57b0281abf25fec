import Foundation

/// Files that the grader writes.
public enum Files {
  /// Writes `text` so that a reader finds the whole of it or nothing; makes the folders on the way.
  ///
  /// - Throws: ``GradingError/failure(_:)`` naming the file and the system's reason.
  public static func write(_ text: String, to path: String) throws(GradingError) {
    let folder = (path as NSString).deletingLastPathComponent
    let draft = folder + "/.\((path as NSString).lastPathComponent).\(getpid()).part"
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: draft))
    } catch {
      unlink(draft)
      throw .failure("\(path) cannot be written: \(reason(error)).")
    }
    guard rename(draft, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(draft)
      throw .failure("\(path) cannot be written: \(reason).")
    }
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
