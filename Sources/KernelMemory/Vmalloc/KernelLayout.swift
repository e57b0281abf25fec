/// Where things lie among the kernel's addresses.
///
/// Source: `Documentation/arch/x86/x86_64/mm.rst`, `arch/x86/include/asm/pgtable_32_areas.h`.
public struct KernelLayout: Hashable, Sendable {
  /// All of memory, or of low memory, at an offset (`PAGE_OFFSET`).
  public let directMap: Range<VirtualAddress>
  /// Where areas are made unless another range is asked for (`VMALLOC_START` to `VMALLOC_END`).
  public let vmalloc: Range<VirtualAddress>
  /// Code of modules; on the 32-bit machine a part of ``vmalloc`` (`MODULES_VADDR`).
  public let modules: Range<VirtualAddress>
  /// Windows for pages of high memory (`PKMAP_BASE`); empty on the 64-bit machine.
  public let persistentKmap: Range<VirtualAddress>
  /// Where ``directMap`` would end on the largest machine.
  let directMapLimit: VirtualAddress
  /// Everything that areas may be cut from.
  let areas: Range<VirtualAddress>

  /// The layout of a machine with `bytes` of memory, without randomisation.
  public init(_ kind: MachineKind, memory bytes: Int) {
    switch kind {
    case .x86_64:
      let direct = VirtualAddress(0xffff_8880_0000_0000)
      directMap = direct..<direct + bytes
      directMapLimit = VirtualAddress(0xffff_c880_0000_0000)
      vmalloc =
        VirtualAddress(0xffff_c900_0000_0000)..<VirtualAddress(0xffff_e900_0000_0000)
      modules = VirtualAddress(0xffff_ffff_c000_0000)..<VirtualAddress(0xffff_ffff_ff00_0000)
      persistentKmap = vmalloc.lowerBound..<vmalloc.lowerBound
      // The kernel's half but for its last page; `vmap_init_free_space` counts the other half, too.
      areas = VirtualAddress(0xffff_8000_0000_0000)..<VirtualAddress(0xffff_ffff_ffff_f000)
    case .x86_32:
      let direct = VirtualAddress(0xc000_0000)
      directMap = direct..<direct + min(bytes, 896 << 20)
      directMapLimit = directMap.upperBound + (8 << 20)
      // 512 windows of a page (PAE), at a multiple of 2 MiB.
      let kmap = VirtualAddress(0xff80_0000)
      persistentKmap = kmap..<kmap + 512 * pageSize
      // The hole of 8 to 16 MiB catches what runs over the end of low memory.
      let hole: UInt64 = 8 << 20
      let start = (directMap.upperBound.rawValue + 2 * hole - 1) & ~(hole - 1)
      vmalloc = VirtualAddress(start)..<kmap - 2 * pageSize
      modules = vmalloc
      areas = vmalloc
    }
  }
}
