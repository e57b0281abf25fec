extension Machine {
  @inline(never)
  @usableFromInline
  func allocateSlowly(order: Int, gfp: GFPFlags, cpu: CPU) throws(PageError) -> PageFrame? {
    guard (0...maxOrder).contains(order) else { throw .orderOutOfRange(order) }
    let highest = routes[Int(gfp.rawValue & 0x1f)].highestZone
    if highest < 0 { throw contradiction(in: gfp) }
    if faultPoints.shouldFail(order: order, gfp: gfp) { return nil }
    let type = MigrateType(rawValue: Int(gfp.rawValue >> 3 & 3)) ?? .unmovable

    let flags = gfp.slowPathFlags(order: order)
    var found = fromFreeLists(
      order: order, type: type, highestZone: highest, flags: .lowWatermark, cpu: cpu)
    if found == nil {
      found = fromFreeLists(order: order, type: type, highestZone: highest, flags: flags, cpu: cpu)
    }
    if found == nil {
      drainAll()
      found = fromFreeLists(order: order, type: type, highestZone: highest, flags: flags, cpu: cpu)
    }
    guard let frame = found else { return nil }
    if gfp.contains(.zero) { clear(frame, order: order) }
    return frame
  }

  /// One walk over the zones (`get_page_from_freelist`).
  private func fromFreeLists(
    order: Int, type: MigrateType, highestZone: Int, flags: AllocationFlags, cpu: CPU
  ) -> PageFrame? {
    for zone in zonelists[highestZone] {
      let highMark = zone.watermarks.high
      if !zone.isWatermarkMet(order: order, mark: highMark, highestZone: highestZone, flags: flags)
      {
        zone.isBelowHigh = true
        if !flags.contains(.noWatermarks)
          && !zone.isWatermarkMet(
            order: order, mark: zone.mark(flags), highestZone: highestZone, flags: flags)
        {
          continue
        }
      }
      if let frame = fromZone(zone, order: order, type: type, flags: flags, cpu: cpu) {
        return frame
      }
    }
    return nil
  }

  private func contradiction(in gfp: GFPFlags) -> PageError {
    do throws(GFPMaskError) {
      _ = try gfp.highestZone(on: kind)
      return .badMask(.contradictoryMobility(gfp))
    } catch {
      return .badMask(error)
    }
  }
}
