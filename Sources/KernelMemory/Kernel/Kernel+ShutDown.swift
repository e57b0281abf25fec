/// What was still allocated when a kernel was taken down.
public struct ShutdownReport: Hashable, Sendable, CustomStringConvertible {
  /// Objects, and blocks of whole pages from `kmalloc`; with their call sites where
  /// ``SlabFlags/storeUser`` is on.
  public let objects: LeakReport
  /// Areas that nobody freed, in ascending order.
  public let areas: [VmallocArea]
  /// Pages allocated by order and not freed.
  public let pages: Int

  /// Whether everything was given back.
  public var isClean: Bool {
    objects.isEmpty && areas.isEmpty && pages == 0
  }

  /// A line for each thing that leaked, or one that says that nothing did.
  public var description: String {
    if isClean { return "shut down: everything was given back" }
    var lines = ["shut down with leaks:"]
    for leak in objects.entries {
      lines.append("  \(leak)")
    }
    for area in areas {
      lines.append("  vmalloc: \(counted(area.pages, "page")) at \(area.start), by \(area.caller)")
    }
    if pages > 0 { lines.append("  page allocator: \(counted(pages, "page"))") }
    return lines.joined(separator: "\n")
  }

  private func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

extension Kernel {
  /// Takes the machine down: purges addresses, empties the CPUs' lists, and tells what nobody gave back.
  ///
  /// Memory stays readable as long as this object lives, but no allocation may follow.
  /// - Complexity: O(frames + caches × CPUs).
  @discardableResult
  public func shutDown() -> ShutdownReport {
    pool.withCPU { cpu in
      let leaked = areas.tearDown(cpu: cpu)
      slab.shrinkAll(cpu: cpu)
      machine.drainAll()
      let held = slab.statistics
      let allocated = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
      return ShutdownReport(
        objects: slab.leakReport(), areas: leaked,
        pages: allocated - held.pages - leaked.reduce(0) { $0 + $1.ownedPages })
    }
  }
}

extension VmallocArea {
  /// Pages that go when the area is freed.
  fileprivate var ownedPages: Int {
    kind.isDisjoint(with: [.vmalloc, .ownsPages]) ? 0 : pages
  }
}
