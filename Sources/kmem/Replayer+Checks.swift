import AllocationTrace
import KernelMemory

extension Replayer {
  /// Checks all invariants, and that each zone's pages add up by the counts kept here.
  mutating func check(after operation: Int?) {
    sinceCheck = 0
    counts.checks += 1
    let place = operation.map { "after operation #\($0)" } ?? "at the end"
    do throws(InvariantViolation) {
      try machine.checkInvariants()
    } catch {
      violation = violation ?? "\(place): \(error)"
      return
    }
    for zone in machine.node.zones {
      let pages = machine.pages(in: zone)
      let sum = pages.free + pages.perCPU + allocated[zone.index]
      guard sum == pages.managed else {
        violation =
          violation
          ?? "\(place): zone \(zone.kind): \(pages.free) free + \(pages.perCPU) on per-CPU lists + "
          + "\(allocated[zone.index]) handed out are not the \(pages.managed) managed pages"
        return
      }
    }
  }

  /// Checks once more, and verifies the stamps of all pages that are still handed out.
  mutating func finish() {
    if violation == nil { check(after: nil) }
    var blocks: [(operation: Int, block: Block)] = []
    blocks.reserveCapacity(live.count)
    live.forEach { blocks.append(($0 >> 10, $1)) }
    for (operation, block) in blocks where block.frame >= 0 {
      counts.liveBlocks += 1
      verify(block.frame, 1 << Int(block.order), operation)
    }
  }
}
