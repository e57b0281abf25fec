extension Memblock {
  /// What the zones of a machine get: all free memory, in whole pages (`memblock_free_all`, `free_area_init`).
  ///
  /// A page that is only partly memory, or partly reserved, is not handed out.
  /// - Throws: ``MachineError/badLayout(_:)`` when there is nothing to hand over, or it was handed over before.
  func layouts(for kind: MachineKind) throws(MachineError) -> [ZoneLayout] {
    if isHandedOver {
      throw .badLayout("the memblock was handed over to another machine; fill a new one")
    }
    guard end <= kind.maximumMemory else { throw .badMemorySize(bytes: end, kind: kind) }
    let present = memory.map(\.range.wholeFrames).filter { !$0.isEmpty }
    let usable = freeRanges().map(\.wholeFrames).filter { !$0.isEmpty }
    guard !present.isEmpty else { throw .badLayout("the memblock has no whole page of memory") }
    guard !usable.isEmpty else {
      throw .badLayout("every frame is reserved; nothing is left to hand out")
    }
    var layouts: [ZoneLayout] = []
    for (zone, limits) in zip(kind.zoneKinds, kind.zoneRanges(frames: end / pageSize)) {
      let memory = present.map { $0.clamped(to: limits) }.filter { !$0.isEmpty }
      let start = memory.first?.lowerBound ?? limits.lowerBound
      layouts.append(
        ZoneLayout(
          zone, usable: usable.map { $0.clamped(to: limits) }.filter { !$0.isEmpty },
          spanned: start..<(memory.last?.upperBound ?? start),
          present: memory.reduce(0) { $0 + $1.count }))
    }
    return layouts
  }
}

extension Range<Int> {
  /// The page frames that lie wholly within these bytes.
  fileprivate var wholeFrames: Range<Int> {
    let first = lowerBound / pageSize + (lowerBound % pageSize == 0 ? 0 : 1)
    return first..<Swift.max(first, upperBound / pageSize)
  }
}

extension Memblock: CustomStringConvertible {
  /// Both tables, as the kernel prints them with `memblock=debug` (`memblock_dump_all`).
  public var description: String {
    var text = "MEMBLOCK configuration:\n"
    text += " memory size = \(address(memorySize)) reserved size = \(address(reservedSize))\n"
    for table in [memoryTable, reservedTable] {
      text += " \(table.name).cnt  = 0x\(String(table.regions.count, radix: 16))\n"
      for (index, region) in table.regions.enumerated() {
        text += " \(table.name)[0x\(String(index, radix: 16))]\t"
        text += "[\(address(region.range.lowerBound))-\(address(region.range.upperBound - 1))], "
        text += "\(address(region.range.count)) bytes "
        text += "flags: 0x\(String(region.flags.rawValue, radix: 16))\n"
      }
    }
    return text
  }

  /// `%pa`.
  private func address(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 16 - digits.count)) + digits
  }
}
