// What you write in Exercises/GFPFlags is judged here: LAB=GFPFlags swift test
//
// An error in this file, such as "cannot find type 'GFPFlags'", means that the type is gone from
// Exercises/GFPFlags or is called otherwise: the lab asks for a `struct GFPFlags: GFPFlagRules`. An error "no such module 'GFPFlags'"
// means that its files are gone. `swift run grade reset GFPFlags` brings the stub back, and keeps what you have.
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
