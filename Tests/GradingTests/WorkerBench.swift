import Foundation
import Labs

@testable import Grading

/// What the worker tests share: one builder, and small submissions to the BuddySystem lab.
enum WorkerBench {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let builder = Result { try WorkerBuilder(root: root) }

  static let rules = AnswerRules(.buddySystem)

  static let lab = LabNames(
    module: "BuddySystem", subjectType: "BuddySystem", contract: "PageAllocator")

  /// A submission whose `allocate` runs `body`, which may use `order`, `zone` and `count`, the number of calls before.
  static func submission(
    allocate body: String = "return count", header: String = "",
    members: String = ""
  ) -> [SourceFile] {
    [
      SourceFile(
        name: "BuddySystem.swift",
        text: """
          import LabKit
          \(header)
          struct BuddySystem: PageAllocator {
            var count = -1
            \(members)
            init(zones: [MemoryZone]) {}
            mutating func allocate(order: Int, zone: Int) -> Int? {
              count += 1
              \(body)
            }
            mutating func free(_ frame: Int, order: Int) throws(BadFree) {
              throw BadFree.notAllocated(frame: frame)
            }
            func freeBlocks(order: Int, zone: Int) -> [Int] { [order, zone] }
          }

          """)
    ]
  }

  static func build(
    _ files: [SourceFile], optimised: Bool = false
  ) throws -> Result<WorkerImage, BuildFailure> {
    try builder.get().build(files, lab: lab, optimised: optimised)
  }

  static func subject(_ files: [SourceFile], optimised: Bool = false) throws -> WorkerSubject {
    WorkerSubject(try build(files, optimised: optimised).get(), rules: rules)
  }
}
