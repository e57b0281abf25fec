import Confinement
import Foundation
import Synchronization

/// Makes programs of submissions: scans their imports, compiles and links them confined, and remembers the results.
///
/// Safe to use from several threads and several graders at once.
final class WorkerBuilder: Sendable {
  private let root: URL
  private let cache: BuildCache
  private let toolchain: Toolchain
  private let kit: KitObjects
  private let kitWithReference = Mutex<KitObjects?>(nil)
  private let tell: @Sendable (BuildNote) -> Void

  /// Finds the toolchain and builds the kit's objects.
  ///
  /// - Parameters:
  ///   - root: the kit's folder, which holds `Sources`.
  ///   - cache: where build products are kept; nil is where ``CachePlace`` says.
  ///   - tell: told what takes time, and what is not where one would look.
  init(
    root: URL, cache: URL? = nil, tell: @escaping @Sendable (BuildNote) -> Void = { _ in }
  ) throws {
    self.root = root
    self.tell = tell
    if let cache {
      self.cache = try BuildCache(folder: cache)
    } else {
      let place = try CachePlace.choose(root: root)
      self.cache = try BuildCache(folder: place.folder)
      if let note = place.note { tell(.lasting(note)) }
    }
    toolchain = try Toolchain.find()
    self.cache.prune(keeping: Self.keptWorkers)
    kit = try KitObjects.make(
      root: root, toolchain: toolchain, cache: self.cache, withReference: false,
      willBuild: { tell(.kit) })
  }

  /// Makes the program for one submission, or says in the student's words why there is none.
  ///
  /// - Parameters:
  ///   - optimised: with optimisation, to be timed; without it traps say why they happened.
  ///   - linksReference: allows `import KernelMemory`; for the audit's adapter over the reference alone.
  /// - Throws: ``GradingError`` when the grader itself cannot do its work.
  func build(
    _ files: [SourceFile], lab: LabNames, optimised: Bool, linksReference: Bool = false
  ) throws -> Result<WorkerImage, BuildFailure> {
    let kit = try linksReference ? referenceKit() : kit
    let sources = files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let key = key(sources, lab: lab, optimised: optimised, kit: kit)
    do {
      let folder = try cache.product("workers", key: key, holding: "worker") { scratch in
        tell(.passing("compiling \(lab.module)…"))
        try Recipe(
          files: sources, lab: lab, optimised: optimised, toolchain: toolchain, kit: kit,
          scratch: scratch,
          extraImports: linksReference ? ["KernelMemory"] : []
        ).make()
      }
      let path = folder.appending(path: "worker").path
      // Where code lies is known of a static program only.
      let places =
        optimised || !kit.isStatic
        ? nil : TrapPlaces(program: path, files: files.map(\.name), toolchain: toolchain)
      return .success(
        try WorkerImage(
          path: path, isOptimised: optimised, isStatic: kit.isStatic,
          libraries: toolchain.workerLibraries, places: places))
    } catch let failure as BuildFailure {
      return .failure(failure)
    }
  }

  /// Workers that are kept for the next time.
  private static let keptWorkers = 40

  /// Removes the workers that were used longest ago.
  func tidy() { cache.prune(keeping: Self.keptWorkers) }

  /// What a worker is made from.
  private func key(
    _ sources: [SourceFile], lab: LabNames, optimised: Bool, kit: KitObjects
  ) -> BuildKey {
    var key = BuildKey(
      Recipe.version, toolchain.version, kit.identity, "\(kit.isStatic) \(optimised)", lab.module,
      lab.subjectType, lab.contract)
    key.add(files: sources)
    return key
  }

  /// Makes both programs of one submission at the same time: without optimisation for correctness, with it to be timed.
  func buildBoth(
    _ files: [SourceFile], lab: LabNames, linksReference: Bool = false
  ) throws -> Result<(plain: WorkerImage, optimised: WorkerImage), BuildFailure> {
    let results = Mutex<[Bool: Result<Result<WorkerImage, BuildFailure>, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      let result = Result {
        try build(files, lab: lab, optimised: index == 1, linksReference: linksReference)
      }
      results.withLock { $0[index == 1] = result }
    }
    let plain = try results.withLock { $0[false]! }.get()
    let optimised = try results.withLock { $0[true]! }.get()
    return plain.flatMap { plain in optimised.map { (plain, $0) } }
  }

  /// What holds submissions back on this machine, found by starting a worker and a compiler that do nothing.
  func confinement() throws -> ConfinementReport {
    var worker = WorkerProcess.plan(
      isStatic: kit.isStatic, libraries: toolchain.workerLibraries, limits: .init())
    worker.isProbe = true
    var compiler = Recipe.confined(
      toolchain.compiler, [], scratch: cache.folder.appending(path: "scratch"),
      toolchain: toolchain, kit: kit)
    compiler.isProbe = true
    let first = try worker.launch()
    _ = first.wait(seconds: 5)
    _ = first.end()
    let second = try compiler.launch()
    _ = second.wait(seconds: 5)
    _ = second.end()
    return ConfinementReport(
      worker: first.layers, compiler: second.layers, landlock: second.landlock,
      isStatic: kit.isStatic)
  }

  private func referenceKit() throws -> KitObjects {
    try kitWithReference.withLock { known in
      if let known { return known }
      let made = try KitObjects.make(
        root: root, toolchain: toolchain, cache: cache, withReference: true)
      known = made
      return made
    }
  }
}
