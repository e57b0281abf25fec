import Foundation
import Labs

/// Why a lab's files cannot be graded; the message is for the student, and the lab scores 0.
public struct SubmissionProblem: Error, Hashable, Sendable {
  public let message: String

  public init(_ message: String) { self.message = message }
}

/// The folder that a student hands in: `DIR/<Lab>/*.swift`, or the bare files of one lab.
///
/// Nothing of it is believed: names, kinds, sizes and counts are looked at before a byte goes on. Files that cannot
/// be graded are named, never passed over: a student who is not told would look for the fault in the code.
public struct Submission: Sendable {
  /// The folder, an absolute path.
  public let directory: String
  /// How the person who asked wrote it; messages use this.
  public let name: String
  /// Whether it is the course's own `Exercises`, where `grade reset` helps.
  let isExercises: Bool

  /// More text is refused, in one file or in all: no lab asks for a tenth of it.
  static let largestText = 1 << 20
  static let mostFiles = 64
  /// Bytes of a file's name; file systems end at 255, and the name is part of what the compiler writes.
  static let longestName = 100

  public init(directory: String, name: String, isExercises: Bool = false) {
    self.directory = directory
    self.name = name
    self.isExercises = isExercises
  }

  /// The lab's files, in the order of their names.
  ///
  /// - Parameter bareFiles: whether the files may lie in the folder itself, as when one lab alone is graded.
  /// - Throws: ``SubmissionProblem`` naming the file or folder that stands in the way.
  public func files(of lab: Lab, bareFiles: Bool) throws(SubmissionProblem) -> [SourceFile] {
    let folder = directory + "/" + lab.id
    if Self.kind(of: folder) != nil {
      return try files(in: folder, shown: name + "/" + lab.id, lab)
    }
    if bareFiles, Self.names(in: directory).contains(where: { $0.hasSuffix(".swift") }) {
      return try files(in: directory, shown: name, lab)
    }
    throw SubmissionProblem(
      nearby(lab) ?? "\(name)/\(lab.id) does not exist. \(wayOut(lab))")
  }

  /// Whether the folder holds files of any of `labs`, or bare files where they count.
  public func holdsAny(of labs: [Lab], bareFiles: Bool) -> Bool {
    labs.contains { Self.kind(of: directory + "/" + $0.id) != nil }
      || bareFiles && Self.names(in: directory).contains { $0.hasSuffix(".swift") }
  }

  /// What to say when nothing of `labs` is there: what is there instead, and the way out.
  public func advice(on labs: [Lab]) -> String {
    let found = labs.lazy.compactMap { nearby($0) }.first
    let names = labs.map(\.id).joined(separator: ", ")
    return "\(name) has none of the folders that are to be graded: \(names).\n"
      + (found ?? labs.map { wayOut($0) }.joined(separator: "\n"))
  }

  private func files(
    in folder: String, shown: String, _ lab: Lab
  ) throws(SubmissionProblem) -> [SourceFile] {
    guard Self.kind(of: folder, following: true) == S_IFDIR else {
      throw SubmissionProblem("\(shown) is not a folder.")
    }
    guard isInside(folder) else {
      throw SubmissionProblem(
        "\(shown) is a symbolic link that leaves \(name); it is not followed.")
    }
    var files: [SourceFile] = []
    var size = 0
    var others: [String] = []
    for file in Self.names(in: folder) where !file.hasPrefix(".") {
      let path = folder + "/" + file
      if file.hasSuffix(".swift") {
        try check(name: file, in: shown, lab)
        guard files.count < Self.mostFiles else {
          throw SubmissionProblem("\(shown) holds more than \(Self.mostFiles) Swift files.")
        }
        let place = shown + "/" + file
        let text = try text(of: path, shown: place)
        size += text.utf8.count
        guard size <= Self.largestText else {
          throw SubmissionProblem("The Swift files of \(shown) are larger than 1 MiB together.")
        }
        files.append(SourceFile(name: file, text: text, place: place))
      } else if Self.kind(of: path) == S_IFDIR {
        // Beside bare files other labs' folders may lie.
        let isOtherLab = folder == directory && Lab.all.contains { $0.id == file }
        if !isOtherLab, Self.holdsSwift(path) {
          throw SubmissionProblem(
            "\(Self.quoted(shown + "/" + file)) is a folder with Swift files; put them into \(shown) itself."
          )
        }
      } else {
        others.append(file)
      }
    }
    if files.isEmpty {
      throw SubmissionProblem(
        (nearlySwift(others, in: shown) ?? "\(shown) holds no Swift files.")
          + (isExercises ? " " + wayOut(lab) : ""))
    }
    return files
  }

  /// Refuses names that are no plain names of a lab's file.
  private func check(name file: String, in shown: String, _ lab: Lab) throws(SubmissionProblem) {
    if file == "Package.swift" {
      throw SubmissionProblem(
        """
        \(shown)/Package.swift describes a package and is no file of the lab; hand in \(lab.id).swift, and your other \
        files of the lab, without it.
        """)
    }
    guard Self.isPlain(file) else {
      throw SubmissionProblem(
        """
        \(Self.quoted(shown + "/" + file)) has a name that is not graded. Rename it: letters, digits and \
        signs within a line, at most \(Self.longestName) bytes, no “-” or “@” at the start and no “:”.
        """)
    }
  }

  /// Whether a name means the same to every tool that it is handed to, and to a person who reads it.
  static func isPlain(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= longestName, let first = name.unicodeScalars.first,
      !"-@.".unicodeScalars.contains(first)
    else { return false }
    return name.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
        .privateUse:
        false
      default: !":/\\\"".unicodeScalars.contains(scalar)
      }
    }
  }

  private func text(of path: String, shown: String) throws(SubmissionProblem) -> String {
    guard let kind = Self.kind(of: path) else {
      throw SubmissionProblem("\(shown) cannot be read.")
    }
    if kind == S_IFLNK {
      guard isInside(path) else {
        throw SubmissionProblem(
          "\(shown) is a symbolic link that leaves \(name); it is not followed.")
      }
      guard Self.kind(of: path, following: true) != nil else {
        throw SubmissionProblem("\(shown) is a symbolic link to a file that does not exist.")
      }
    }
    guard Self.kind(of: path, following: true) == S_IFREG else {
      throw SubmissionProblem("\(shown) is not a regular file.")
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_size <= Self.largestText else {
      throw SubmissionProblem("\(shown) is larger than 1 MiB.")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SubmissionProblem("\(shown) cannot be read.")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw SubmissionProblem("\(shown) is not UTF-8 text. Save it as UTF-8 in your editor.")
    }
    return text
  }
}

extension Submission {
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether a folder, or one below it, has Swift files; of a very deep or full one only a part is looked at.
  static func holdsSwift(_ folder: String, depth: Int = 4) -> Bool {
    names(in: folder).prefix(256).contains { file in
      guard !file.hasPrefix("."), file != "__MACOSX" else { return false }
      if file.hasSuffix(".swift") { return true }
      let path = folder + "/" + file
      return depth > 0 && kind(of: path) == S_IFDIR && holdsSwift(path, depth: depth - 1)
    }
  }

  /// Whether the path, with every link followed, lies in the submission's own folder.
  private func isInside(_ path: String) -> Bool {
    guard let home = Self.real(directory) else { return false }
    // A link to nothing has no real path; it is judged by what it names.
    let real =
      Self.real(path)
      ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: path)).map {
        absolute($0, from: (path as NSString).deletingLastPathComponent)
      }
    guard let real else { return false }
    return real == home || real.hasPrefix(home == "/" ? "/" : home + "/")
  }

  private static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The type bits of what lies at `path`, or nil when there is nothing.
  static func kind(of path: String, following: Bool = false) -> mode_t? {
    var status = stat()
    let answer = following ? stat(path, &status) : lstat(path, &status)
    return answer == 0 ? status.st_mode & S_IFMT : nil
  }
}
