/// The figures behind `/proc/meminfo` at one moment, in pages.
struct MemInfo {
  var kind: MachineKind
  /// All pages given to the page allocator (`totalram_pages`).
  var total: Int
  /// Pages in the buddy lists.
  var free: Int
  /// Of these two the part in high memory.
  var highTotal = 0
  var highFree = 0
  /// Free pages that are kept for the kernel (`totalreserve_pages`).
  var reserve: Int
  /// Sum of the low watermarks.
  var low: Int
  /// Bytes of addresses for vmalloc.
  var vmallocBytes: Int
  var usage: MemoryUsage

  /// An estimate of what can be allocated without swapping, in pages (`si_mem_available`).
  var available: Int {
    // Not all of the page cache and of reclaimable objects can go: some is in use.
    let cache = usage.activeFile + usage.inactiveFile
    let reclaimable = usage.slabReclaimable + usage.otherReclaimable
    return max(
      0, free - reserve + cache - min(cache / 2, low) + reclaimable - min(reclaimable / 2, low))
  }

  var text: String {
    let use = usage
    var lines: [(label: String, pages: Int)] = [
      ("MemTotal", total), ("MemFree", free), ("MemAvailable", available),
      ("Buffers", use.buffers), ("Cached", use.cached), ("SwapCached", use.swapCached),
      ("Active", use.activeAnonymous + use.activeFile),
      ("Inactive", use.inactiveAnonymous + use.inactiveFile),
      ("Active(anon)", use.activeAnonymous), ("Inactive(anon)", use.inactiveAnonymous),
      ("Active(file)", use.activeFile), ("Inactive(file)", use.inactiveFile),
      ("Unevictable", use.unevictable), ("Mlocked", use.locked),
    ]
    if kind == .x86_32 {
      lines += [
        ("HighTotal", highTotal), ("HighFree", highFree), ("LowTotal", total - highTotal),
        ("LowFree", free - highFree),
      ]
    }
    lines += [
      ("SwapTotal", use.swapTotal), ("SwapFree", use.swapFree), ("Zswap", 0), ("Zswapped", 0),
      ("Dirty", use.dirty), ("Writeback", use.writeback), ("AnonPages", use.anonymous),
      ("Mapped", use.mapped), ("Shmem", use.shared),
      ("KReclaimable", use.slabReclaimable + use.otherReclaimable),
      ("Slab", use.slabReclaimable + use.slabUnreclaimable),
      ("SReclaimable", use.slabReclaimable), ("SUnreclaim", use.slabUnreclaimable),
      ("KernelStack", use.kernelStacks), ("PageTables", use.pageTables), ("SecPageTables", 0),
      ("NFS_Unstable", 0), ("Bounce", 0), ("WritebackTmp", 0),
      ("CommitLimit", total * 50 / 100 + use.swapTotal), ("Committed_AS", use.committed),
    ]
    var text = lines.map { Self.line($0.label, kilobytes($0.pages)) }.joined()
    text += Self.line("VmallocTotal", vmallocBytes >> 10)
    text += Self.line("VmallocUsed", kilobytes(use.vmallocUsed)) + Self.line("VmallocChunk", 0)
    text += Self.line("Percpu", kilobytes(use.perCPU))
    text += "HardwareCorrupted: \(right(0, width: 5)) kB\n"
    for label in [
      "AnonHugePages", "ShmemHugePages", "ShmemPmdMapped", "FileHugePages", "FilePmdMapped",
      "Unaccepted",
    ] {
      text += Self.line(label, 0)
    }
    for label in ["HugePages_Total", "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp"] {
      text += "\(left(label + ":", width: 19))\(right(0, width: 5))\n"
    }
    return text + Self.line("Hugepagesize", 2048) + Self.line("Hugetlb", 0)
  }

  private static func line(_ label: String, _ kilobytes: Int) -> String {
    "\(left(label + ":", width: 16))\(right(kilobytes, width: 8)) kB\n"
  }
}

extension Machine {
  /// The text of `/proc/meminfo`: what memory there is and what it is used for.
  ///
  /// In Linux's own format and order, with one difference: the lines `DirectMap…`, which tell how the processor maps
  /// memory, are left out, as nothing here maps it. What only others know (object caches, vmalloc, processes, swap)
  /// comes from the sources that were added with ``add(usageOf:)``; without a source there is none of it, and the
  /// lines say 0. Huge pages, zswap and the like do not exist here and are truly 0.
  /// Source: `meminfo_proc_show` in `fs/proc/meminfo.c`.
  public var meminfo: String {
    let high = node.zones.filter { $0.kind == .highMem }
    return MemInfo(
      kind: kind, total: managedPages, free: node.zones.reduce(0) { $0 + $1.freePages },
      highTotal: high.reduce(0) { $0 + $1.managed }, highFree: high.reduce(0) { $0 + $1.freePages },
      reserve: reservedPages, low: node.zones.reduce(0) { $0 + $1.mark(.lowWatermark) },
      vmallocBytes: vmallocBytes, usage: memoryUsage
    ).text
  }

  /// `VMALLOC_TOTAL`; on the 64-bit machine the end is the last byte.
  private var vmallocBytes: Int {
    let range = KernelLayout(kind, memory: memory.byteCount).vmalloc
    let bytes = range.upperBound.distance(from: range.lowerBound)
    return kind == .x86_64 ? bytes - 1 : bytes
  }

  /// Free pages that are not for processes: what each zone keeps back at most, and its high watermark
  /// (`calculate_totalreserve_pages`).
  var reservedPages: Int {
    node.zones.reduce(0) { sum, zone in
      let kept = node.zones[zone.index...].map { zone.protection(against: $0.index) }.max() ?? 0
      return sum + min(kept + zone.mark(.highWatermark), zone.managed)
    }
  }
}
