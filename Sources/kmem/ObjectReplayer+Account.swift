import AllocationTrace
import KernelMemory

extension ObjectReplayer {
  /// Checks all of the allocator's memory, and that it holds as many objects as the recording left live.
  mutating func check() {
    if violation != nil { return }
    do throws(SlabInvariantViolation) { try allocator.checkInvariants() } catch {
      violation = "objects: \(error)"
      return
    }
    let objects = allocator.statistics.objects
    if objects != counts.liveObjects {
      violation =
        "objects: the allocator counts \(objects) in use, but \(counts.liveObjects) were not given back"
    }
  }

  /// Verifies and gives back everything that the recording left live: afterwards every page must be back.
  ///
  /// What is missing then is a leak of the allocator's own.
  mutating func account() {
    check()
    if violation != nil { return }
    var left: [(operation: Int, object: Object)] = []
    live.forEach { if $1.isThere { left.append(($0, $1)) } }
    counts.leftLive = left.count
    for (operation, object) in left {
      guard let pointer = UnsafeMutableRawPointer(bitPattern: object.address) else { continue }
      verify(pointer, object.size, operation)
      do throws(SlabError) {
        if freesByCache && object.cache >= 0 {
          try caches.caches[Int(object.cache)].free(pointer, cpu: machine.cpus[0])
        } else {
          try allocator.kfree(pointer, cpu: machine.cpus[0])
        }
      } catch {
        violation =
          violation ?? "objects: what operation #\(operation) got cannot be given back: \(error)"
      }
    }
    if violation != nil { return }
    allocator.shrinkAll(cpu: machine.cpus[0])
    let kept = pages
    if kept != 0 {
      violation =
        "objects: a leak: \(kept) pages are still held after every object was given back"
    }
  }

  /// What a report says of the replay at this moment.
  func report(survey: Survey, snapshots: Snapshots) -> ObjectsReport {
    ObjectsReport(self, survey: survey, snapshots: snapshots)
  }
}
