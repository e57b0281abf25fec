import Testing

@testable import KernelMemory

@Suite("/proc/vmallocinfo") struct VmallocInfoTests {
  /// The lines are Linux's own, from a 512 MiB machine with one CPU.
  @Test("the kernel's text comes out byte for byte")
  func text() throws {
    let machine = try Machine(memory: 512 << 20)
    let cpu = machine.cpus[0]
    let vmalloc = try Vmalloc(machine: machine, cpu: cpu)
    let stack = try (0..<4).map { _ in
      try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    }
    _ = try vmalloc.vmap(stack, caller: "irq_init_percpu_irqstack+0xf4/0x130", cpu: cpu)
    _ = try vmalloc.ioremap(
      0xfed0_0000, size: 0x400, caller: "hpet_enable+0x9e/0x500", cpu: cpu)
    _ = try vmalloc.vmalloc(4096, caller: "gen_pool_add_owner+0x3e/0xc0", cpu: cpu)
    _ = try vmalloc.vmalloc(
      16384, gfp: [.kernel, .zero], align: 16384, caller: "kernel_clone+0xc2/0x430", cpu: cpu)
    _ = try vmalloc.vmalloc(4096 * 1024, caller: "pcpu_create_chunk+0x191/0x1a0", cpu: cpu)
    _ = try vmalloc.vmalloc(
      2 << 20, align: 4096, range: vmalloc.layout.modules, kind: .flushAtFree,
      caller: "bpf_prog_pack_alloc+0x2b0/0x3d0", cpu: cpu)
    let freed = try #require(try vmalloc.vmalloc(16384, align: 16384, cpu: cpu))
    try vmalloc.vfree(freed, cpu: cpu)
    #expect(
      vmalloc.vmallocinfo == """
        0xffffc90000000000-0xffffc90000005000   20480 irq_init_percpu_irqstack+0xf4/0x130 vmap
        0xffffc90000005000-0xffffc90000007000    8192 hpet_enable+0x9e/0x500 phys=0x00000000fed00000 ioremap
        0xffffc90000007000-0xffffc90000009000    8192 gen_pool_add_owner+0x3e/0xc0 pages=1 vmalloc N0=1
        0xffffc90000009000-0xffffc9000000c000   12288 pcpu_create_chunk+0x191/0x1a0 pages=2 vmalloc N0=2
        0xffffc9000000c000-0xffffc90000011000   20480 kernel_clone+0xc2/0x430 pages=4 vmalloc N0=4
        0xffffc90000011000-0xffffc90000412000 4198400 pcpu_create_chunk+0x191/0x1a0 pages=1024 vmalloc vpages N0=1024
        0xffffffffc0000000-0xffffffffc0201000 2101248 bpf_prog_pack_alloc+0x2b0/0x3d0 pages=512 vmalloc N0=512
        0xffffc90000414000-0xffffc90000419000   20480 unpurged vm_area

        """)
    #expect(vmalloc.totalBytes / 1024 == 34_359_738_367)
    #expect(vmalloc.usedBytes / pageSize == 1 + 4 + 1024 + 2 + 512)
    #expect(vmalloc.areas(calledFrom: "pcpu_create_chunk+0x191/0x1a0").map(\.pages) == [2, 1024])
    try vmalloc.checkInvariants()
  }
}
