import Foundation

/// Folders of build products, each found by the whole text of what it was made from.
///
/// A hash picks the folder; its `key` file holds the whole key and is compared, so two keys of one hash never
/// share a product. Products are made in a scratch folder and renamed into place, so that graders may run side by side.
struct BuildCache: Sendable {
  let folder: URL

  init(folder: URL) throws(GradingError) {
    self.folder = folder
    for name in ["scratch", "kit", "workers", "modules"] {
      let path = folder.appending(path: name).path
      try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      // Made once more, only so that the system says why it is not there.
      guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
        let reason = String(cString: strerror(errno))
        throw GradingError.failure(
          """
          the build cache \(folder.path) cannot be made: \(reason). Name a folder that can be written: \
          \(CachePlace.variable)=DIR
          """)
      }
    }
  }

  /// Clang's modules of the system.
  ///
  /// They name the folder that they were made in and are refused in any other, so each path has its own: what came
  /// along when a checkout was moved or copied is left alone.
  var moduleCache: URL {
    folder.appending(path: "modules/\(BuildKey(folder.path).hash)")
  }

  /// The folder of the product that `key` describes, made by `make` if it is not there or `file` is missing in it.
  func product(
    _ kind: String, key: BuildKey, holding file: String, make: (_ scratch: URL) throws -> Void
  ) throws -> URL {
    let place = folder.appending(path: "\(kind)/\(key.hash)")
    if holds(place, key, file) { return place }
    let scratch = try newScratch()
    defer { try? FileManager.default.removeItem(at: scratch) }
    try make(scratch)
    do {
      try Data(key.bytes).write(to: scratch.appending(path: "key"))
    } catch {
      throw GradingError.failure("the build cache cannot be written: \(error.localizedDescription)")
    }
    // Another grader may have been faster, or a product of the same hash may be in the way.
    if rename(scratch.path, place.path) != 0, !holds(place, key, file) {
      try? FileManager.default.removeItem(at: place)
      guard rename(scratch.path, place.path) == 0 || holds(place, key, file) else {
        throw GradingError.failure(
          "\(place.path) cannot be written: \(String(cString: strerror(errno)))")
      }
    }
    return place
  }

  /// A new, empty folder for one build.
  func newScratch() throws(GradingError) -> URL {
    let scratch = folder.appending(path: "scratch/\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
    } catch {
      throw GradingError.failure("no scratch folder could be made: \(error.localizedDescription)")
    }
    return scratch
  }

  /// Removes the workers that were used longest ago, until at most `count` are left, all but some kits, and scratch and
  /// modules of other places that are older than a day.
  func prune(keeping count: Int) {
    let files = FileManager.default
    func byAge(_ name: String) -> [(url: URL, used: Date)] {
      let urls = try? files.contentsOfDirectory(
        at: folder.appending(path: name), includingPropertiesForKeys: [.contentModificationDateKey])
      return (urls ?? []).map { url in
        let values = try? url.resourceValues(forKeys: [.contentModificationDateKey])
        return (url, values?.contentModificationDate ?? .distantPast)
      }.sorted { $0.1 > $1.1 }
    }
    for old in byAge("workers").dropFirst(count) { try? files.removeItem(at: old.url) }
    for old in byAge("kit").dropFirst(8) { try? files.removeItem(at: old.url) }
    let passing =
      byAge("scratch")
      + byAge("modules").filter { $0.url.lastPathComponent != moduleCache.lastPathComponent }
    for old in passing where old.used.timeIntervalSinceNow < -86_400 {
      try? files.removeItem(at: old.url)
    }
  }

  private func holds(_ place: URL, _ key: BuildKey, _ file: String) -> Bool {
    guard let stored = try? Data(contentsOf: place.appending(path: "key")) else { return false }
    guard stored == Data(key.bytes),
      FileManager.default.fileExists(atPath: place.appending(path: file).path)
    else { return false }
    // Its age is the time of its last use.
    utimes(place.path, nil)
    return true
  }
}
