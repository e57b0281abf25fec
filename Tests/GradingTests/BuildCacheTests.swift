import Foundation
import Testing

@testable import Grading

/// What is built lies where it can be written, and what came from another place does no harm.
@Suite struct BuildCacheTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// Clang's modules name the folder they were made in; a moved checkout brings such as are refused.
  @Test func aCacheThatWasCopiedMendsItself() throws {
    let here = URL(filePath: sandbox.path("here"))
    let there = URL(filePath: sandbox.path("there"))
    _ = try WorkerBuilder(root: WorkerBench.root, cache: here).build(
      WorkerBench.submission(), lab: WorkerBench.lab, optimised: false
    ).get()
    try FileManager.default.copyItem(at: here, to: there)
    // Modules of the other place, where this place's would be.
    let cache = try BuildCache(folder: there)
    try FileManager.default.copyItem(
      at: BuildCache(folder: here).moduleCache, to: cache.moduleCache)
    try FileManager.default.removeItem(at: there.appending(path: "kit"))
    let image = try WorkerBuilder(root: WorkerBench.root, cache: there).build(
      WorkerBench.submission(allocate: "return 7"), lab: WorkerBench.lab, optimised: false
    ).get()
    #expect(
      WorkerSubject(image, rules: WorkerBench.rules).perform([boot, allocate]).outcomes == [
        .done, .number(7),
      ])
  }

  @Test func eachPlaceHasModulesOfItsOwn() throws {
    let one = try BuildCache(folder: URL(filePath: sandbox.path("one")))
    let two = try BuildCache(folder: URL(filePath: sandbox.path("two")))
    #expect(one.moduleCache.lastPathComponent != two.moduleCache.lastPathComponent)
  }

  @Test func theFolderThatIsNamedIsTaken() throws {
    let place = try CachePlace.choose(
      root: URL(filePath: sandbox.root), environment: ["GRADE_CACHE": sandbox.path("named")])
    #expect(place.folder.path == sandbox.path("named"))
    #expect(place.note == nil)
  }

  @Test func whatCannotBeWrittenIsLeftForATemporaryFolder() throws {
    // A file is in the way; permissions would not stop root.
    try sandbox.put("x", at: ".build")
    let place = try CachePlace.choose(
      root: URL(filePath: sandbox.root), environment: [:],
      temporary: URL(filePath: sandbox.path("Exercises")))
    #expect(place.folder.path.hasPrefix(sandbox.path("Exercises/kernel-memory-lab-")))
    #expect(
      place.note == """
        \(sandbox.path(".build/grade")) cannot be written; what is built is kept in \(place.folder.path). \
        GRADE_CACHE=DIR names another folder.
        """)
  }

  @Test func aTemporaryFolderThatOthersCanWriteIsRefused() throws {
    try sandbox.put("x", at: ".build")
    let folder = sandbox.path("kernel-memory-lab-\(getuid())")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(chmod(folder, 0o777) == 0)
    #expect(throws: GradingError.self) {
      try CachePlace.choose(
        root: URL(filePath: sandbox.root), environment: [:],
        temporary: URL(filePath: sandbox.root))
    }
  }

  @Test func aCacheThatCannotBeMadeSaysWhereItCanGo() throws {
    try sandbox.put("x", at: "file")
    #expect(
      throws: GradingError.failure(
        """
        the build cache \(sandbox.path("file/cache")) cannot be made: Not a directory. Name a folder that can be \
        written: GRADE_CACHE=DIR
        """)
    ) { try BuildCache(folder: URL(filePath: sandbox.path("file/cache"))) }
  }
}
