import Foundation
import Labs
import Synchronization

/// The workshop that `grade` uses: submissions become confined processes behind pipes.
///
/// The toolchain is looked for when the first sources are to be built: files that are still the stub's need none.
public final class ConfinedWorkshop: Workshop {
  private let root: URL
  private let builder = Mutex<WorkerBuilder?>(nil)

  private let tell: @Sendable (BuildNote) -> Void

  /// - Parameters:
  ///   - course: its root is the kit's folder, which holds `Sources`.
  ///   - tell: told what takes time.
  public init(course: Course, tell: @escaping @Sendable (BuildNote) -> Void = { _ in }) {
    root = URL(filePath: course.root)
    self.tell = tell
  }

  public func build(
    _ sources: [SourceFile], for lab: Lab, as kind: BuildKind
  ) throws -> any Build {
    let result = try ready().build(
      sources, lab: LabNames(lab), optimised: kind.optimised, linksReference: kind.linksReference)
    return ConfinedBuild(image: try result.get(), rules: AnswerRules(lab))
  }

  public func tidy() { builder.withLock { $0?.tidy() } }

  public func confinement() throws(GradingError) -> ConfinementSummary {
    do {
      return try ready().confinement().summary
    } catch {
      throw error as? GradingError ?? .failure(error.localizedDescription)
    }
  }

  /// The builder, which makes the kit's own objects if they are not in its cache yet.
  private func ready() throws -> WorkerBuilder {
    try builder.withLock { known in
      if let known { return known }
      let made = try WorkerBuilder(root: root, tell: tell)
      known = made
      return made
    }
  }
}

/// A submission's program.
private struct ConfinedBuild: Build {
  let image: WorkerImage
  let rules: AnswerRules

  func start() -> any PrintingSubject { WorkerSubject(image, rules: rules) }
}
