/// The same requests made by a process and by the kernel, on one machine, with what each of them cost in pages.
///
/// All numbers are counted, none is timed, so that two runs agree.
public struct UserKernelContrast: Sendable {
  /// One thing done on both sides.
  public struct Row: Hashable, Sendable {
    /// What was done.
    public let deed: String
    /// What it cost the process.
    public let user: String
    /// What it cost the kernel.
    public let kernel: String
  }
  public private(set) var rows: [Row] = []

  /// Boots a machine of `memory` bytes with half as much swap, and does it all.
  ///
  /// - Parameter memory: at least 16 MiB.
  /// - Throws: what the machine, or a call that should have succeeded, throws.
  /// - Complexity: O(memory).
  public init(memory bytes: Int = 128 << 20) throws {
    let machine = try Machine(memory: bytes)
    let cpu = machine.cpus[0]
    let slub = try SLUB(machine)
    let kernel = try Vmalloc(machine: machine, objects: slub, cpu: cpu)
    let memory = try UserMemory(
      machine: machine, kernel: kernel, swapPages: bytes / pageSize / 2, cpu: cpu)
    let process = try AddressSpace(memory: memory, name: "app", pid: 2, cpu: cpu)
    let heap = UserHeap(process)
    let half = bytes / 2
    let megabytes = half >> 20
    func cost<Result>(_ body: () throws -> Result) throws -> (Result, Int) {
      let before = Self.allocated(machine)
      let result = try body()
      return (result, Self.allocated(machine) - before)
    }

    let (block, asked) = try cost { try heap.malloc(half, cpu: cpu) }
    guard let block else { throw UserMemoryError.noMemory }
    let (area, taken) = try cost { try kernel.vmalloc(half, cpu: cpu) }
    rows.append(
      Row(
        deed: "ask for \(megabytes) MiB", user: "\(pages(asked)): addresses, and a promise",
        kernel: "\(pages(taken)) at once, tables included"))
    let contiguous = try slub.kmalloc(half, gfp: [.kernel, .nowarn], cpu: cpu)
    rows.append(
      Row(
        deed: "the same in one piece of memory", user: "cannot be asked for",
        kernel: contiguous == nil
          ? "kmalloc gives nothing: 4 MiB at most" : "kmalloc gives it"))
    try kernel.vfree(area, cpu: cpu)

    let quarter = half / pageSize / 4
    let faults = memory.statistics
    let (_, read) = try cost {
      try process.touch(block.page + pageSize, pages: quarter, .read, cpu: cpu)
    }
    rows.append(
      Row(
        deed: "read a quarter of it",
        user: "\(memory.statistics.minorFaults - faults.minorFaults) faults, "
          + "\(pages(read)) (tables): all zeros are one page",
        kernel: "no fault: it is all there"))
    let before = memory.statistics.minorFaults
    let (_, written) = try cost {
      try process.touch(block.page + pageSize, pages: quarter, cpu: cpu)
    }
    rows.append(
      Row(
        deed: "write a quarter of it",
        user: "\(memory.statistics.minorFaults - before) faults, \(pages(written))",
        kernel: "no fault: it is all there"))

    let (child, forked) = try cost { try process.fork(name: "child", pid: 3, cpu: cpu) }
    guard let child else { throw UserMemoryError.noMemory }
    rows.append(
      Row(
        deed: "copy the process (fork)",
        user: "\(pages(forked)) of tables for \(child.resident) shared pages",
        kernel: "has no copies: its half is in every process"))
    let (_, copied) = try cost {
      try child.touch(block.page + pageSize, pages: 100, cpu: cpu)
    }
    rows.append(
      Row(
        deed: "write 100 pages of the copy",
        user: "\(pages(copied)), \(memory.statistics.copies) copied then", kernel: "-"))
    child.exit(cpu: cpu)

    // More than there is: 9/8 of the memory.
    let much = bytes / pageSize / 8 * 9
    guard let large = try process.mmap(much * pageSize) else { throw UserMemoryError.noMemory }
    var reached = 0
    do throws(UserFault) {
      while reached < much {
        try process.touch(large + reached * pageSize, pages: 1, cpu: cpu)
        reached += 1
      }
    } catch {
      // The row tells how far it came.
    }
    let vast = try? kernel.vmalloc(much * pageSize, cpu: cpu)
    rows.append(
      Row(
        deed: "use 9/8 of all memory",
        user: "\(reached) of \(much) pages: \(process.resident) in memory, "
          + "\(process.swapEntries) in swap",
        kernel: (vast ?? nil) == nil ? "refused when it is asked for" : "granted"))
    try process.munmap(large, much * pageSize, cpu: cpu)

    try addSmall(process, heap, slub, cpu, cost)
    try heap.free(block, cpu: cpu)
    rows.append(
      Row(
        deed: "touch what was freed",
        user: "segmentation fault, the process ends: "
          + ((try? process.load(at: block, as: Int.self, cpu: cpu)) == nil ? "yes" : "no"),
        kernel: "a fault in the kernel, everything may end: "
          + (area.map { (try? kernel.load(at: $0, as: Int.self)) == nil } == true ? "yes" : "no")))
    process.exit(cpu: cpu)
    memory.tearDown(cpu: cpu)
    kernel.tearDown(cpu: cpu)
  }

  /// A thousand small blocks.
  private mutating func addSmall(
    _ process: AddressSpace, _ heap: UserHeap, _ slub: SLUB, _ cpu: CPU,
    _ cost: (() throws -> Void) throws -> ((), Int)
  ) throws {
    var blocks: [VirtualAddress] = []
    var objects: [UnsafeMutableRawPointer] = []
    let (_, used) = try cost {
      for _ in 0..<1000 {
        if let block = try heap.malloc(100, cpu: cpu) { blocks.append(block) }
      }
    }
    let (_, slabs) = try cost {
      for _ in 0..<1000 {
        if let object = try slub.kmalloc(100, cpu: cpu) { objects.append(object) }
      }
    }
    rows.append(
      Row(
        deed: "1,000 blocks of 100 bytes",
        user: "\(pages(used)), 112 bytes and a header of 16 each",
        kernel: "\(pages(slabs)) of slabs, 128 bytes each"))
    let (_, kept) = try cost { for block in blocks { try heap.free(block, cpu: cpu) } }
    let (_, returned) = try cost {
      for object in objects { try slub.kfree(object, cpu: cpu) }
    }
    rows.append(
      Row(
        deed: "free them",
        user: "\(pages(-kept)) back: the process keeps them",
        kernel: "\(pages(-returned)) back: the cache keeps the rest"))
  }

  private func pages(_ count: Int) -> String { "\(count) page\(count == 1 ? "" : "s")" }

  private static func allocated(_ machine: Machine) -> Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  /// A table of three columns.
  public var text: String {
    let titles = [Row(deed: "", user: "a process", kernel: "the kernel")]
    let width = { (column: KeyPath<Row, String>) in
      (titles + self.rows).map { $0[keyPath: column].count }.max() ?? 0
    }
    let (first, second) = (width(\.deed), width(\.user))
    return (titles + rows).map { row in
      let gap = { (text: String, width: Int) in
        text + String(repeating: " ", count: width - text.count + 2)
      }
      return gap(row.deed, first) + gap(row.user, second) + row.kernel + "\n"
    }.joined()
  }
}
