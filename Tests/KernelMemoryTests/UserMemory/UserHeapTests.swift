import PropertyTesting
import Testing

@testable import KernelMemory

@Suite("malloc of a process") final class UserHeapTests {
  let machine: Machine
  let memory: UserMemory
  let cpu: CPU
  let process: AddressSpace
  let heap: UserHeap

  init() throws {
    machine = try Machine(memory: 8 << 20)
    cpu = machine.cpus[0]
    memory = try UserMemory(machine: machine, cpu: cpu)
    process = try AddressSpace(memory: memory, name: "app", cpu: cpu)
    heap = UserHeap(process)
  }

  /// A process that lives keeps its machine.
  deinit { process.exit(cpu: cpu) }

  @Test("64 MiB cost one page until they are used")
  func lazy() throws {
    let block = try #require(try heap.malloc(64 << 20, cpu: cpu))
    #expect(process.resident == 1)
    try process.touch(block.page, pages: 100, cpu: cpu)
    #expect(process.resident == 100)
    try heap.free(block, cpu: cpu)
    #expect(process.resident == 0)
    #expect(process.regions.map(\.name) == ["[stack]"])
  }

  @Test("small blocks share pages, are aligned, and are used again")
  func small() throws {
    var blocks: [VirtualAddress] = []
    for size in [1, 16, 17, 100, 1000, 1024, 1025, 5000, 100_000] {
      let block = try #require(try heap.malloc(size, cpu: cpu))
      #expect(block.rawValue % 16 == 0)
      blocks.append(block)
    }
    #expect(process.resident < 8 && heap.blocks == 9)
    let third = blocks[2]
    try heap.free(third, cpu: cpu)
    #expect(try heap.malloc(20, cpu: cpu) == third)
    for block in blocks { try heap.free(block, cpu: cpu) }
    #expect(heap.blocks == 0 && heap.bytesInUse == 0)
    // Freed, but the process's still.
    #expect(process.resident > 0)
  }

  @Test("misuse is named")
  func misuse() throws {
    let block = try #require(try heap.malloc(100, cpu: cpu))
    try heap.free(nil, cpu: cpu)
    try heap.free(block, cpu: cpu)
    #expect(throws: UserHeap.Misuse.doubleFree(block)) { try heap.free(block, cpu: cpu) }
    #expect(throws: UserHeap.Misuse.notABlock(block + 16)) { try heap.free(block + 16, cpu: cpu) }
    let error = #expect(throws: UserHeap.Misuse.self) {
      try heap.free(VirtualAddress(0x123456), cpu: cpu)
    }
    #expect(error?.description == "free(): 0x0000000000123456 is no block of this heap")
    #expect(try heap.malloc(-1, cpu: cpu) == nil)
    #expect(try heap.malloc(.max, cpu: cpu) == nil)
  }

  @Test("random sizes: no two blocks overlap, and bytes stay")
  func random() throws {
    var random = SplitMix64(seed: 8)
    var live: [(block: VirtualAddress, size: Int, stamp: UInt8)] = []
    for step in 0..<1500 {
      if live.count < 60, random.next() % 3 > 0 {
        let size = Int(random.next() % (random.next() % 8 == 0 ? 20_000 : 300)) + 1
        guard let block = try heap.malloc(size, cpu: cpu) else { continue }
        #expect(!live.contains { block < $0.block + $0.size && $0.block < block + size })
        let stamp = UInt8(truncatingIfNeeded: step)
        try process.store(stamp, at: block, cpu: cpu)
        try process.store(stamp, at: block + (size - 1), cpu: cpu)
        live.append((block, size, stamp))
      } else if !live.isEmpty {
        let (block, size, stamp) = live.remove(at: Int(random.next() % UInt64(live.count)))
        #expect(try process.load(at: block, as: UInt8.self, cpu: cpu) == stamp)
        #expect(try process.load(at: block + (size - 1), as: UInt8.self, cpu: cpu) == stamp)
        try heap.free(block, cpu: cpu)
      }
    }
    try memory.checkInvariants()
  }
}
