extension Vmalloc {
  /// The text of `/proc/vmallocinfo`: every area, node by node in ascending order, then freed addresses that wait.
  ///
  /// Sizes include the guard page. Source: `vmalloc_info_show` in `mm/vmalloc.c`.
  public var vmallocinfo: String {
    let (busy, lazy) = locked { space in
      var busy: [AreaNode] = []
      for node in 0..<vmapNodes {
        var index = space.pointee.busy.first
        while index != 0 {
          let area = space.pointee.nodes[Int(index)]
          if space.pointee.vmapNode(of: area.start) == node { busy.append(area) }
          index = space.pointee.busy.next(index)
        }
      }
      var lazy: [AreaNode] = []
      for node in 0..<vmapNodes {
        var index = space.pointee.lists[node * AreaSpaceState.listsPerNode].first
        while index != 0 {
          lazy.append(space.pointee.nodes[Int(index)])
          index = space.pointee.nodes[Int(index)].next
        }
      }
      return (busy, lazy)
    }
    var text = ""
    for area in busy where !area.kind.contains(.unfinished) {
      text += addresses(area) + (area.kind.contains(.bare) ? " vm_map_ram" : details(area)) + "\n"
    }
    for area in lazy { text += addresses(area) + " unpurged vm_area\n" }
    return text
  }

  private func addresses(_ area: AreaNode) -> String {
    let size = String(area.size)
    return "\(VirtualAddress(area.start))-\(VirtualAddress(area.end)) "
      + String(repeating: " ", count: max(7 - size.utf8.count, 0)) + size
  }

  private func details(_ area: AreaNode) -> String {
    var words: [String] = []
    if !area.caller.isUnknown { words.append(area.caller.description) }
    let ownsPages = area.kind.contains(.vmalloc) || area.kind.contains(.ownsPages)
    if ownsPages && area.pageCount > 0 { words.append("pages=\(area.pageCount)") }
    if area.physicalAddress != 0 {
      words.append("phys=0x" + hexadecimal(area.physicalAddress, digits: 16))
    }
    let names: [(AreaKind, String)] = [
      (.ioremap, "ioremap"), (.vmalloc, "vmalloc"), (.vmap, "vmap"), (.user, "user"),
      (.dmaCoherent, "dma-coherent"), (.pageListIsArea, "vpages"),
    ]
    for (kind, name) in names where area.kind.contains(kind) { words.append(name) }
    if ownsPages && area.pageCount > 0 { words.append("N0=\(area.pageCount)") }
    return words.isEmpty ? "" : " " + words.joined(separator: " ")
  }
}
