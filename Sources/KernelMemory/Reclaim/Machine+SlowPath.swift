/// A request for pages whose mask has been looked at.
struct PageRequest {
  let order: Int
  /// As the scopes of the task leave it.
  let gfp: GFPFlags
  let type: MigrateType
  /// Index of the highest zone that may serve it.
  let highestZone: Int
  let cpu: CPU
}

extension Machine {
  func allocateSlowly(order: Int, gfp asked: GFPFlags, cpu: CPU) throws(PageError) -> PageFrame? {
    guard (0...maxOrder).contains(order) else { throw .orderOutOfRange(order) }
    let gfp = cpu.context.applied(to: asked)
    let highest = routes[Int(gfp.rawValue & 0x1f)].highestZone
    if highest < 0 { throw contradiction(in: gfp) }
    do throws(ContextError) { try cpu.checkMayAllocate(gfp) } catch { throw .badContext(error) }
    if faultPoints.shouldFail(order: order, gfp: gfp) { return nil }

    let request = PageRequest(
      order: order, gfp: gfp, type: migrateType(of: gfp), highestZone: highest, cpu: cpu)
    defer { runKswapdAfter(request) }
    var found = take(request, firstFlags(gfp, best: zonelists[highest].first))
    if found == nil { found = try takeUnderPressure(request) }
    if let found, gfp.contains(.zero) { clear(found, order: order) }
    return found
  }

  /// The rights of a request's first try: memory above the low watermark, and where the best zone is Normal no blocks
  /// that fragment another type's pageblocks, as long as lower zones can help (`alloc_flags_nofragment`).
  func firstFlags(_ gfp: GFPFlags, best: Zone?) -> AllocationFlags {
    var flags = AllocationFlags.lowWatermark
    if gfp.contains(.kswapdReclaim) { flags.insert(.kswapd) }
    if kind == .x86_64, best?.kind == .normal { flags.insert(.noFragment) }
    return flags
  }

  /// One walk over the zones, or two when the first was to leave other types' pageblocks alone
  /// (`get_page_from_freelist`).
  func take(_ request: PageRequest, _ flags: AllocationFlags) -> PageFrame? {
    if let frame = walk(request, flags) { return frame }
    return flags.contains(.noFragment) ? walk(request, flags.subtracting(.noFragment)) : nil
  }

  private func walk(_ request: PageRequest, _ flags: AllocationFlags) -> PageFrame? {
    let (order, highestZone) = (request.order, request.highestZone)
    for zone in zonelists[highestZone] {
      if !zone.isWatermarkMet(
        order: order, mark: zone.mark(.highWatermark), highestZone: highestZone, flags: flags)
      {
        zone.setBelowHigh(true)
        if !flags.contains(.noWatermarks)
          && !zone.isWatermarkMet(
            order: order, mark: zone.mark(flags), highestZone: highestZone, flags: flags)
        {
          continue
        }
      }
      let frame = fromZone(
        zone, order: order, gfp: request.gfp, type: request.type, flags: flags, cpu: request.cpu)
      if flags.contains(.kswapd), zone.takeBoosted() {
        wakeKswapd(order: 0, highestZone: zone.index, flags: flags)
      }
      if let frame { return frame }
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
