import Foundation
import Labs

extension Course {
  /// The Swift files of one of the course's folders, in the order of their names; none when there is no folder.
  func swiftFiles(in folder: String) -> [SourceFile] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []
    return names.filter { $0.hasSuffix(".swift") && !$0.hasPrefix(".") }.sorted().map { name in
      let data = FileManager.default.contents(atPath: path("\(folder)/\(name)")) ?? Data()
      return SourceFile(
        name: name, text: String(decoding: data, as: UTF8.self), place: "\(folder)/\(name)")
    }
  }

  /// The Swift files of a folder that the course cannot do without.
  ///
  /// - Throws: ``GradingError/failure(_:)`` when there are none: the course is damaged.
  func sources(in folder: String) throws(GradingError) -> [SourceFile] {
    let files = swiftFiles(in: folder)
    guard !files.isEmpty else {
      throw .failure("\(folder) holds no Swift files; the course is damaged.")
    }
    return files
  }
}
