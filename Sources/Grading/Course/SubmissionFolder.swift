import Foundation
import Labs

/// A Swift file of a submission.
public struct SourceFile: Hashable, Sendable {
  /// The file's name without its folder.
  public let name: String
  public let text: String

  public init(name: String, text: String) {
    self.name = name
    self.text = text
  }
}

/// Why a lab's files cannot be graded; the message is for the student, and the lab scores 0.
public struct SubmissionProblem: Error, Hashable, Sendable {
  public let message: String

  public init(_ message: String) { self.message = message }
}

/// The folder that a student hands in: `DIR/<Lab>/*.swift`, or the bare files of one lab.
public struct Submission: Sendable {
  /// The folder, an absolute path.
  public let directory: String
  /// How the person who asked wrote it; messages use this.
  public let name: String

  /// Larger files are refused: no lab asks for a tenth of it.
  static let largestFile = 1 << 20
  static let mostFiles = 64

  public init(directory: String, name: String) {
    self.directory = directory
    self.name = name
  }

  /// The lab's files, in the order of their names.
  ///
  /// - Parameter bareFiles: whether the files may lie in the folder itself, as when one lab alone is graded.
  /// - Throws: ``SubmissionProblem`` naming the file or folder that stands in the way.
  public func files(of lab: Lab, bareFiles: Bool) throws(SubmissionProblem) -> [SourceFile] {
    let folder = directory + "/" + lab.id
    if Self.kind(of: folder) != nil {
      return try files(in: folder, shown: name + "/" + lab.id)
    }
    if bareFiles {
      let bare = try files(in: directory, shown: name)
      if !bare.isEmpty { return bare }
    }
    throw SubmissionProblem(
      "\(name)/\(lab.id) does not exist. The lab's Swift files belong into that folder.")
  }

  /// Whether the folder holds files of any of `labs`, or bare files where they count.
  public func holdsAny(of labs: [Lab], bareFiles: Bool) -> Bool {
    labs.contains { Self.kind(of: directory + "/" + $0.id) != nil }
      || bareFiles && names(in: directory).contains { $0.hasSuffix(".swift") }
  }

  private func files(
    in folder: String, shown: String
  ) throws(SubmissionProblem) -> [SourceFile] {
    guard Self.kind(of: folder, following: true) == S_IFDIR else {
      throw SubmissionProblem("\(shown) is not a folder.")
    }
    guard isInside(folder) else {
      throw SubmissionProblem(
        "\(shown) is a symbolic link that leaves \(name); it is not followed.")
    }
    var files: [SourceFile] = []
    for file in names(in: folder) where !file.hasPrefix(".") {
      let path = folder + "/" + file
      if file.hasSuffix(".swift") {
        guard files.count < Self.mostFiles else {
          throw SubmissionProblem("\(shown) holds more than \(Self.mostFiles) Swift files.")
        }
        files.append(SourceFile(name: file, text: try text(of: path, shown: shown + "/" + file)))
      } else if folder != directory, Self.kind(of: path) == S_IFDIR, holdsSwift(path) {
        throw SubmissionProblem(
          "\(shown)/\(file) is a folder with Swift files; put them into \(shown) itself.")
      }
    }
    if files.isEmpty, folder != directory {
      throw SubmissionProblem("\(shown) holds no Swift files.")
    }
    return files
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
    guard stat(path, &status) == 0, status.st_size <= Self.largestFile else {
      throw SubmissionProblem("\(shown) is larger than 1 MiB.")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SubmissionProblem("\(shown) cannot be read.")
    }
    guard let text = String(bytes: data, encoding: .utf8) else {
      throw SubmissionProblem("\(shown) is not UTF-8 text.")
    }
    return text
  }

  private func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private func holdsSwift(_ folder: String) -> Bool {
    names(in: folder).contains { $0.hasSuffix(".swift") }
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
  private static func kind(of path: String, following: Bool = false) -> mode_t? {
    var status = stat()
    let answer = following ? stat(path, &status) : lstat(path, &status)
    return answer == 0 ? status.st_mode & S_IFMT : nil
  }
}
