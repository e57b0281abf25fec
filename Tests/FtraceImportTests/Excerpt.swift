/// Real lines of several recordings, each kind of event and each caveat at least once: Linux 6.12 up to the
/// `mm_compaction_begin`, then 6.1. Where the recordings have thousands of lines between two of them, those are left out.
let excerpt = #"""
  # tracer: nop
  #
  # entries-in-buffer/entries-written: 81848/81848   #P:1
  #
  #                                _-----=> irqs-off/BH-disabled
  #                               / _----=> need-resched
  #                              | / _---=> hardirq/softirq
  #                              || / _--=> preempt-depth
  #                              ||| / _-=> migrate-disable
  #                              |||| /     delay
  #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
  #              | |         |   |||||     |         |
            <idle>-0       [000] ...1.     0.593356: kmalloc: call_site=__kmalloc_noprof+0x2ee/0x400 ptr=ffff8880072e0000 bytes_req=20480 bytes_alloc=32768 gfp_flags=GFP_KERNEL node=-1 accounted=false
            <idle>-0       [000] ...1.     0.593356: kmalloc: call_site=mce_gen_pool_init+0x6f/0xe0 ptr=ffff8880072e0000 bytes_req=20480 bytes_alloc=32768 gfp_flags=GFP_KERNEL node=-1 accounted=false
            <idle>-0       [000] ...1.     1.053356: kfree: call_site=ida_alloc_range+0x3be/0x430 ptr=0000000000000000
      kworker/u4:1-29      [000] ...1.     1.958831: kmem_cache_alloc: call_site=mas_alloc_nodes+0x71/0x1f0 ptr=ffff8880072c7a00 bytes_req=256 bytes_alloc=256 gfp_flags=GFP_NOWAIT node=-1 accounted=false
      kworker/u4:1-29      [000] ...1.     2.223677: kmem_cache_alloc: call_site=mas_alloc_nodes+0x71/0x1f0 ptr=ffff8880072c7a00 bytes_req=256 bytes_alloc=256 gfp_flags=GFP_NOWAIT node=-1 accounted=false
      kworker/u4:1-29      [000] ...1.     2.223701: kmem_cache_free: call_site=mas_destroy+0x170/0x3a0 ptr=ffff8880072c7a00 name=maple_node
              init-1       [000] .....     1.918332: mm_page_alloc: page=ffffea00001e9b00 pfn=0x7a6c order=2 migratetype=0 gfp_flags=GFP_ATOMIC|__GFP_ZERO
              init-1       [000] .....     1.918349: mm_page_free: page=ffffea00001e9bc0 pfn=0x7a6f order=0
       kworker/0:1-10      [000] .....     3.210407: mm_page_free: page=ffffea00001e9bc0 pfn=0x7a6f order=0
          modprobe-100     [000] .....     3.213287: mm_page_alloc: page=ffffea00001e9bc0 pfn=0x7a6f order=0 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO
          modprobe-100     [000] .....     3.235149: mm_page_free: page=ffffea00001e9bc0 pfn=0x7a6f order=0
            <idle>-0       [000] d..4.     0.548551: mm_page_alloc_zone_locked: page=ffffea00001cb100 pfn=0x72c4 order=0 migratetype=0 percpu_refill=1
              init-1       [000] d..3.     1.333356: mm_page_alloc_extfrag: page=ffffea00001e0000 pfn=0x7800 alloc_order=0 fallback_order=10 pageblock_order=9 alloc_migratetype=0 fallback_migratetype=1 fragmenting=0 change_ownership=1
            umount-177     [000] d..3.     8.997948: mm_page_pcpu_drain: page=ffffea00002c2400 pfn=0xb090 order=3 migratetype=0
              init-1       [000] .....     1.473356: kmem_cache_alloc: call_site=kmalloc_reserve+0x93/0x100 ptr=ffff88801f35a2c0 bytes_req=704 bytes_alloc=704 gfp_flags=GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY|__GFP_NOMEMALLOC node=-1 accounted=false
              init-1       [000] .....     1.473356: kfree: call_site=skb_release_data+0x15e/0x1b0 ptr=ffff88801f35a2c0
          modprobe-163     [000] .....     7.773280: vmalloc_enter: (__vmalloc_node_range_noprof+0x4/0x850) size=2459240 align=1 gfp=0xcc0 vm_flags=0x0 caller=kernel_read_file+0x2ba/0x330
          modprobe-163     [000] .....     7.773307: alloc_vmap_area: va_start: 18446683600577220608 size=2465792 align=1 vstart=0xffffc90000000000 vend=0xffffe8ffffffffff failed=0
          modprobe-163     [000] .....     7.773315: vmalloc_enter: (__vmalloc_node_range_noprof+0x4/0x850) size=4808 align=1 gfp=0xdc0 vm_flags=0x0 caller=kernel_read_file+0x2ba/0x330
          modprobe-163     [000] .....     7.773330: alloc_vmap_area: va_start: 18446683600570470400 size=12288 align=1 vstart=0xffffc90000000000 vend=0xffffe8ffffffffff failed=0
          modprobe-163     [000] .....     7.773366: vmalloc_ret: (__vmalloc_node_noprof+0x4e/0x70 <- __vmalloc_node_range_noprof) addr=0xffffc9000006d000
          modprobe-163     [000] .....     7.786008: vmalloc_ret: (__vmalloc_node_noprof+0x4e/0x70 <- __vmalloc_node_range_noprof) addr=0xffffc900006dd000
          modprobe-163     [000] .....     8.206103: vfree_enter: (vfree+0x4/0x50) addr=0xffffc9000006d000
          modprobe-163     [000] .....     8.206118: free_vmap_area_noflush: va_start=0xffffc9000006d000 nr_lazy=605 nr_lazy_max=8192
          modprobe-163     [000] .....     8.204634: vfree_enter: (vfree+0x4/0x50) addr=0xffffc900006dd000
          modprobe-163     [000] .....     8.204725: free_vmap_area_noflush: va_start=0xffffc900006dd000 nr_lazy=602 nr_lazy_max=8192
       kworker/0:1-10      [000] .....     6.826832: vfree_enter: (vfree+0x4/0x50) addr=0x0
          modprobe-153     [000] .....     6.793956: purge_vmap_area_lazy: start=0xffffffffffffffff end=0x0 num_purged=0
              init-1       [000] .Ns..     9.032483: vfree_atomic_enter: (vfree_atomic+0x4/0x60) addr=0xffffc90000608000
          modprobe-153     [000] .....     6.797543: mm_page_free: page=ffffea0000286300 pfn=0xa18c order=0
              init-1       [001] .....     5.242103: mm_page_alloc: page=ffffea000017b880 pfn=0x5ee2 order=1 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO
                dd-224     [000] .....    17.965374: mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_COMP
        kcompactd0-33      [000] .....    19.436602: mm_compaction_begin: zone_start=0x1000 migrate_pfn=0x1000 free_pfn=0xfe00 zone_end=0xffe0, mode=sync
              init-1       [000] .....     5.750747: kmem_cache_free: call_site=__fput+0x100/0x250 ptr=ffff88801f324258 name=lsm_file_cache
              init-1       [000] .....     5.751572: kmem_cache_alloc: call_site=getname_flags.part.0+0x2b/0x1c0 ptr=ffff888004a9b000 bytes_req=4096 bytes_alloc=4096 gfp_flags=GFP_KERNEL node=-1 accounted=false
              init-1       [000] .....     5.751648: kmem_cache_alloc: call_site=__alloc_file+0x23/0xd0 ptr=ffff888005f3f300 bytes_req=256 bytes_alloc=256 gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 accounted=true
              init-1       [000] .....     5.751652: kmem_cache_alloc: call_site=security_file_alloc+0x29/0xe0 ptr=ffff88801f324258 bytes_req=24 bytes_alloc=24 gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 accounted=false
              init-1       [000] .....     5.753915: kmalloc: call_site=alloc_pipe_info+0x5c/0x220 ptr=ffff888005f34c00 bytes_req=168 bytes_alloc=192 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO node=-1 accounted=true
              init-1       [000] .....     5.761815: kfree: call_site=pipe_release+0xf7/0x110 ptr=ffff888005f34c00
              init-1       [000] .....     5.754278: mm_page_alloc: page=ffffea000017e180 pfn=0x5f86 order=1 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO
              init-1       [000] ...1.     5.761722: mm_page_free: page=ffffea000017e180 pfn=0x5f86 order=1

  """#
