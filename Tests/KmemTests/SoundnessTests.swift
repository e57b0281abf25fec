import AllocationTrace
import KernelMemory
import Testing

@testable import kmem

/// A replay must notice when the machine breaks: here the test breaks it.
@Suite struct SoundnessTests {
  private func request(_ verb: KernelVerb, block: Int = 0, order: UInt8 = 0, at index: Int)
    -> PageRequest
  {
    var operation = KernelOperation(verb)
    operation.block = block
    operation.order = order
    var request = PageRequest(operation, index: index, cpus: 1)
    request.mask = GFPFlags.kernel.rawValue
    return request
  }

  @Test func aDamagedPageIsFound() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = Replayer(on: machine, check: .end)
    replayer.perform([request(.pages, order: 1, at: 0), request(.pages, at: 1)])
    let live = replayer.live.value(Replayer.key(0, 0))
    let block = try #require(live)
    machine.pointer(to: PageFrame(block.frame + 2)).advanced(by: -1).storeBytes(
      of: 7, as: UInt8.self)
    replayer.perform([request(.freePages, block: 0, order: 1, at: 2)])
    let message =
      "frame \(block.frame + 1), handed out by operation #0, was written by somebody else: "
      + "two blocks overlap, or the allocator writes into pages that it gave away"
    #expect(replayer.violation == message)
    #expect(replayer.counts.damaged == 1)
    // Nothing is performed after a violation.
    replayer.perform([request(.pages, at: 3)])
    #expect(replayer.counts.allocations == 2)
  }

  @Test func aDamagedPageIsFoundAtTheEnd() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = Replayer(on: machine, check: .end)
    replayer.perform([request(.pages, at: 0)])
    let live = replayer.live.value(Replayer.key(0, 0))
    let block = try #require(live)
    machine.pointer(to: PageFrame(block.frame)).storeBytes(of: 0, as: UInt64.self)
    replayer.finish()
    let found = replayer.violation
    #expect(found?.hasPrefix("frame \(block.frame), handed out by operation #0") == true)
  }

  @Test func pagesThatGoMissingAreFound() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = Replayer(on: machine, check: .every)
    replayer.perform([request(.pages, at: 0)])
    #expect(replayer.violation == nil)
    // Somebody takes a page behind the replay's back.
    _ = try machine.allocatePages(order: 0, gfp: .kernel, cpu: machine.cpus[0])
    replayer.perform([request(.pages, at: 1)])
    let found = replayer.violation
    let violation = try #require(found)
    #expect(violation.hasPrefix("after operation #1: zone DMA32: "))
    #expect(violation.hasSuffix("on per-CPU lists + 2 handed out are not the 12288 managed pages"))
  }

  @Test func aPageHandedOutTwiceIsFound() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = Replayer(on: machine, check: .end)
    replayer.perform([request(.pages, at: 0)])
    let live = replayer.live.value(Replayer.key(0, 0))
    let block = try #require(live)
    // Freed behind the replay's back, it is handed out again.
    try machine.freePages(PageFrame(block.frame), order: 0, cpu: machine.cpus[0])
    replayer.perform([request(.pages, at: 1), request(.freePages, block: 0, at: 2)])
    let found = replayer.violation
    #expect(found?.hasPrefix("frame \(block.frame), handed out by operation #0") == true)
  }

  @Test func memoryIsClearedForZeros() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = Replayer(on: machine, check: .end)
    var zero = request(.pages, at: 0)
    zero.mask = GFPFlags.kernel.union(.zero).rawValue
    replayer.perform([zero, request(.freePages, block: 0, at: 1)])
    zero.operation = 2
    // The same frame comes back with the stamp of its last owner, and must have been cleared.
    replayer.perform([zero])
    #expect(replayer.violation == nil)
    #expect(replayer.counts.allocations == 2)
  }

  @Test func warmingUpLeavesNothingBehind() throws {
    let machine = try Machine(memory: 64 << 20)
    let before = machine.buddyinfo
    machine.warmUp(peakPages: 3_000, masks: [.highuserMovable])
    #expect(machine.buddyinfo == before)
    try machine.checkInvariants()
    // More than there is: as much as there is.
    machine.warmUp(peakPages: 1 << 30, masks: [.kernel])
    machine.drainAll()
    #expect(machine.buddyinfo == before)
  }
}
