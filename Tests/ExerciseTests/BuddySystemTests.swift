// What you write in Exercises/BuddySystem is judged here: LAB=BuddySystem swift test
//
// An error in this file, such as "cannot find type 'BuddySystem'", means that the type is gone from
// Exercises/BuddySystem or is called otherwise: the lab asks for a `struct BuddySystem: PageAllocator`. An error "no such module 'BuddySystem'"
// means that its files are gone. `swift run grade reset BuddySystem` brings the stub back, and keeps what you have.
@testable import BuddySystem
import LabBench
import Labs
import Testing

@Suite(
  "BuddySystem", .serialized,
  .enabled(if: StudentDoor.hasWork(.buddySystem), StudentDoor.reason(.buddySystem)))
struct BuddySystemTests {
  @Test(arguments: StudentDoor.cases(of: .buddySystem))
  func check(_ item: StudentDoor.Case) throws {
    try StudentDoor.examine(item, on: BuddySystemDriver<BuddySystem>.self)
  }
}
