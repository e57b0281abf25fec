import Foundation
import Labs

/// A course: which labs are graded, how much each weighs, and where everything lies on disk.
public struct Course: Sendable {
  /// A lab of the course and its weight in the total.
  public struct Entry: Hashable, Sendable {
    public let lab: String
    public let weight: Int

    public init(lab: String, weight: Int) {
      self.lab = lab
      self.weight = weight
    }
  }

  /// The folder that holds `grading/course.json`; an absolute path without a trailing slash.
  public let root: String
  public let name: String
  /// Where all that is random comes from; a check's own seed is derived from it.
  public var seed: UInt64
  /// In the course's order.
  public let entries: [Entry]

  public init(root: String, name: String, seed: UInt64, entries: [Entry]) {
    self.root = root
    self.name = name
    self.seed = seed
    self.entries = entries
  }

  /// Where the course describes itself, from the root.
  public static let file = "grading/course.json"

  /// The path `relative` under the root.
  public func path(_ relative: String) -> String { root + "/" + relative }

  /// The weight of a lab; 1 for a lab of the kit that the course does not list.
  public func weight(of lab: Lab) -> Int { entries.first { $0.lab == lab.id }?.weight ?? 1 }

  /// The bytes of the recording `name` in `grading/traces`, or nil when there is none.
  public func recording(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path("grading/traces/\(name).trace")).map { [UInt8]($0) }
  }

  /// Finds the course: in `directory` when one is named, else in the nearest parent of `start` that has one.
  ///
  /// - Throws: ``GradingError/usage(_:)`` when there is none or its file is wrong.
  public static func find(
    directory: String?, start: String, labs: [Lab] = Lab.all
  ) throws(GradingError) -> Course {
    if let directory {
      let root = absolute(directory, from: start)
      guard FileManager.default.fileExists(atPath: root + "/" + file) else {
        throw .usage("\(directory) is not a course: it has no \(file).")
      }
      return try read(root: root, labs: labs)
    }
    var folder = absolute(".", from: start)
    while true {
      let root = folder == "/" ? "" : folder
      if FileManager.default.fileExists(atPath: root + "/" + file) {
        return try read(root: root, labs: labs)
      }
      guard folder != "/" else { break }
      folder = (folder as NSString).deletingLastPathComponent
    }
    throw .usage(
      """
      No course here: neither \(start) nor a folder above it has \(file).
      Run grade inside the package, or name its folder: grade --course DIR
      """)
  }

  /// Reads `grading/course.json` under `root`.
  private static func read(root: String, labs: [Lab]) throws(GradingError) -> Course {
    struct Form: Decodable {
      struct Lab: Decodable {
        let id: String
        let weight: Int
      }
      let version: Int
      let name: String
      let seed: UInt64
      let labs: [Lab]
    }
    let form: Form
    do {
      form = try JSONDecoder().decode(
        Form.self, from: Data(contentsOf: URL(fileURLWithPath: root + "/" + file)))
    } catch {
      throw .usage(
        """
        \(file) cannot be read: \(explain(error))
        It should look like {"version":1,"name":"…","seed":1991,"labs":[{"id":"BuddySystem","weight":1}]}
        """)
    }
    guard form.version == 1 else {
      throw .usage("\(file) has version \(form.version); this grader reads version 1.")
    }
    guard !form.labs.isEmpty else { throw .usage("\(file) lists no labs.") }
    var seen: Set<String> = []
    for entry in form.labs {
      guard labs.contains(where: { $0.id == entry.id }) else {
        throw .usage(
          "\(file) lists the lab \(entry.id), which this kit has not; it has "
            + labs.map(\.id).joined(separator: ", ") + ".")
      }
      guard seen.insert(entry.id).inserted else {
        throw .usage("\(file) lists the lab \(entry.id) twice.")
      }
      guard (1...1000).contains(entry.weight) else {
        throw .usage(
          "\(file) gives \(entry.id) the weight \(entry.weight); a weight is from 1 to 1000.")
      }
    }
    return Course(
      root: root, name: form.name, seed: form.seed,
      entries: form.labs.map { Entry(lab: $0.id, weight: $0.weight) })
  }

  private static func explain(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "“\(key.stringValue)” is missing."
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "“\(context.codingPath.map(\.stringValue).joined(separator: "."))” has the wrong type."
    case DecodingError.dataCorrupted: "it is not valid JSON."
    default: "\(error.localizedDescription)"
    }
  }
}

/// `path` made absolute from `start`, with `.` and `..` resolved and no slash at the end.
public func absolute(_ path: String, from start: String) -> String {
  let whole = path.hasPrefix("/") ? path : start + "/" + path
  var parts: [Substring] = []
  for part in whole.split(separator: "/") where part != "." {
    if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
  }
  return "/" + parts.joined(separator: "/")
}
