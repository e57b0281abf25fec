import Foundation

/// Where build products are kept.
enum CachePlace {
  /// The environment variable that names another folder.
  static let variable = "GRADE_CACHE"

  /// The folder that ``variable`` names, else `.build/grade` in the kit's root, else, where that cannot be written, a
  /// folder of this user's among the system's temporary files.
  ///
  /// - Returns: the folder, and what to say when it is not where one would look.
  static func choose(
    root: URL, environment: [String: String] = ProcessInfo.processInfo.environment,
    temporary: URL = FileManager.default.temporaryDirectory
  ) throws(GradingError) -> (folder: URL, note: String?) {
    if let named = environment[variable], !named.isEmpty {
      let path = absolute(named, from: FileManager.default.currentDirectoryPath)
      return (URL(filePath: path), nil)
    }
    let usual = root.appending(path: ".build/grade")
    if canWrite(usual) { return (usual, nil) }
    let own = temporary.appending(path: "kernel-memory-lab-\(getuid())")
    try makePrivate(own)
    let folder = own.appending(path: BuildKey(root.path).hash)
    let note = """
      \(usual.path) cannot be written; what is built is kept in \(folder.path). \(variable)=DIR names another folder.
      """
    return (folder, note)
  }

  private static func canWrite(_ folder: URL) -> Bool {
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return access(folder.path, W_OK | X_OK) == 0
  }

  /// Makes a folder that nobody else can write: programs are started from it.
  private static func makePrivate(_ folder: URL) throws(GradingError) {
    mkdir(folder.path, 0o700)
    var status = stat()
    guard lstat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == getuid(), status.st_mode & 0o022 == 0
    else {
      throw GradingError.failure(
        """
        what is built can be kept neither in the kit's folder nor in \(folder.path). Name a folder that can be written: \
        \(variable)=DIR
        """)
    }
  }
}
