import Foundation
import Labs

/// What to tell somebody whose files do not lie where the grader looks.
extension Submission {
  /// How the lab's files get to where they belong.
  func wayOut(_ lab: Lab) -> String {
    isExercises
      ? "`swift run grade reset \(lab.id)` puts the stub and the lesson there; your own files, where there are any, are kept beside it."
      : "The lab's Swift files belong into that folder."
  }

  /// What lies near the place of a lab's folder and may have been meant, or nil.
  func nearby(_ lab: Lab) -> String? {
    let folders = Self.names(in: directory).prefix(256).filter {
      !$0.hasPrefix(".") && $0 != "__MACOSX" && Self.kind(of: directory + "/" + $0) == S_IFDIR
    }
    if let other = folders.first(where: { $0.lowercased() == lab.id.lowercased() }) {
      return
        "\(name)/\(other) should be called \(lab.id), with capital letters as in the lab's name: rename it."
    }
    // An archive often holds one folder, and in it what was meant.
    for folder in folders where Self.kind(of: "\(directory)/\(folder)/\(lab.id)") == S_IFDIR {
      return """
        \(name)/\(lab.id) does not exist, but \(Self.quoted("\(name)/\(folder)/\(lab.id)")) does: hand in what is \
        within \(Self.quoted(folder)), or name that folder: --submission \(Self.quoted("\(name)/\(folder)"))
        """
    }
    for folder in folders where Self.kind(of: "\(directory)/\(folder)/\(lab.id).swift") == S_IFREG {
      return """
        \(name)/\(lab.id) does not exist, but \(Self.quoted("\(name)/\(folder)/\(lab.id).swift")) does. The lab's Swift \
        files belong into a folder called \(lab.id).
        """
    }
    if Self.kind(of: "\(directory)/\(lab.id).swift") == S_IFREG {
      return """
        \(name)/\(lab.id) does not exist, but \(name)/\(lab.id).swift does. Put it into a folder called \(lab.id), or \
        grade this lab alone, whose files may lie bare: grade \(lab.id)
        """
    }
    return nil
  }

  /// Says so when a file's name is nearly that of a Swift file.
  func nearlySwift(_ files: [String], in shown: String) -> String? {
    files.first { $0.lowercased().contains(".swift") }.map {
      "\(shown) holds no Swift files, but \(Self.quoted($0)): give it a name that ends in “.swift”."
    }
  }

  /// A name that a stranger chose, so that it takes no more than a line and does nothing to a screen.
  static func quoted(_ name: String) -> String {
    let scalars = name.unicodeScalars.prefix(longestName * 2).map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: "�"
      default: Character(scalar)
      }
    }
    return String(scalars) + (name.unicodeScalars.count > longestName * 2 ? "…" : "")
  }
}

extension Submission {
  /// The folder of a file, as somebody wrote its path.
  public static func folder(of file: String) -> String {
    let folder = (file as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }
}
