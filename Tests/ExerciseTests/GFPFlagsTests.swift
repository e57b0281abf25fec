// What you write in Exercises/GFPFlags is judged here: swift test --filter GFPFlags
//
// An error in this file, such as "cannot find type 'GFPFlags'", means that the type is gone from
// Exercises/GFPFlags or is called otherwise: the lab asks for a `struct GFPFlags: GFPFlagRules`.
@testable import GFPFlags
import LabBench
import Labs
import Testing

@Suite(
  "GFPFlags", .serialized,
  .enabled(if: StudentDoor.hasWork(.gfpFlags), StudentDoor.reason(.gfpFlags)))
struct GFPFlagsTests {
  @Test(arguments: StudentDoor.cases(of: .gfpFlags))
  func check(_ item: StudentDoor.Case) throws {
    try StudentDoor.examine(item, on: GFPFlagsDriver<GFPFlags>.self)
  }
}
