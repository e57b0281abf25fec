import Foundation
import Labs

/// The workshop that `grade` uses: submissions become confined processes behind pipes.
public struct ConfinedWorkshop: Workshop {
  private let builder: WorkerBuilder
  public let confinement: ConfinementSummary

  /// Finds the toolchain, builds the kit's own objects if they are not in `.build/grade` yet, and tries what confinement
  /// this machine offers.
  public init(course: Course) throws(GradingError) {
    do {
      builder = try WorkerBuilder(root: URL(filePath: course.root))
      confinement = try builder.confinement().summary
    } catch {
      throw error as? GradingError ?? .failure(error.localizedDescription)
    }
  }

  public func build(
    _ sources: [SourceFile], for lab: Lab, as kind: BuildKind
  ) throws -> any Build {
    let result = try builder.build(
      sources, lab: LabNames(lab), optimised: kind.optimised, linksReference: kind.linksReference)
    switch result {
    case .success(let image): return ConfinedBuild(image: image)
    case .failure(let failure): throw BuildProblem("\(failure.title)\n\(failure.message)")
    }
  }
}

/// A submission's program.
private struct ConfinedBuild: Build {
  let image: WorkerImage

  func start() -> any PrintingSubject { WorkerSubject(image) }
}
